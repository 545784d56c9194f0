import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendCacheStatus, type CacheStatus, formatCacheStatus } from './cache-status.ts';
import { formatProxyStatus, type PROXY_ERRORS, proxyErrorOfCode, proxyErrorStatus } from './proxy-status.ts';
import { parseSfList } from './structured-fields-parse.ts';

const statuses: [CacheStatus, string][] = [
  [{ hit: true }, 'lb; hit'],
  [{ hit: true, ttl: 376.9 }, 'lb; hit; ttl=376'],
  [{ hit: true, ttl: -12, detail: 'stale-if-error' }, 'lb; hit; ttl=-12; detail=stale-if-error'],
  [
    { fwd: 'miss', fwdStatus: 200, stored: true, collapsed: true, ttl: 60 },
    'lb; fwd=miss; fwd-status=200; stored; collapsed; ttl=60',
  ],
  [
    { fwd: 'stale', fwdStatus: 304, key: 'a"b', detail: 'two words' },
    'lb; fwd=stale; fwd-status=304; key="a\\"b"; detail="two words"',
  ],
  [{ fwd: 'bypass', stored: false }, 'lb; fwd=bypass'],
];
for (const [status, text] of statuses) {
  test(`Cache-Status: ${text}`, () => {
    assert.equal(formatCacheStatus('lb', status), text);
    assert.equal(parseSfList(text)?.length, 1);
  });
}

test('the cache nearest the client comes last', () => {
  assert.equal(appendCacheStatus('origin; hit', 'lb; fwd=miss'), 'origin; hit, lb; fwd=miss');
  assert.equal(appendCacheStatus(undefined, 'lb; hit'), 'lb; hit');
  assert.equal(formatCacheStatus('two words', { hit: true }), '"two words"; hit');
});

test('Proxy-Status', () => {
  const text = formatProxyStatus('lb', { error: 'connection_timeout', nextHop: '10.0.0.1:80', details: 'after 3 s' });
  assert.equal(text, 'lb; error=connection_timeout; next-hop="10.0.0.1:80"; details="after 3 s"');
  assert.equal(
    formatProxyStatus('lb', { nextHop: 'a.example', receivedStatus: 503 }),
    'lb; next-hop=a.example; received-status=503',
  );
  assert.equal(parseSfList(text)?.length, 1);
});

const codes: [string | undefined, keyof typeof PROXY_ERRORS, number][] = [
  ['ENOTFOUND', 'dns_error', 502],
  ['EAI_AGAIN', 'dns_timeout', 504],
  ['ECONNREFUSED', 'connection_refused', 502],
  ['ECONNRESET', 'connection_terminated', 502],
  ['UND_ERR_SOCKET', 'connection_terminated', 502],
  ['UND_ERR_CONNECT_TIMEOUT', 'connection_timeout', 504],
  ['UND_ERR_HEADERS_TIMEOUT', 'http_response_timeout', 504],
  ['UND_ERR_BODY_TIMEOUT', 'connection_read_timeout', 504],
  ['EHOSTUNREACH', 'destination_ip_unroutable', 502],
  ['CERT_HAS_EXPIRED', 'tls_certificate_error', 502],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_certificate_error', 502],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_protocol_error', 502],
  ['ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR', 'tls_alert_received', 502],
  ['HPE_INVALID_CONSTANT', 'http_protocol_error', 502],
  ['UND_ERR_HEADERS_OVERFLOW', 'http_response_header_section_size', 502],
  ['EWHATEVER', 'proxy_internal_error', 500],
  [undefined, 'proxy_internal_error', 500],
];
for (const [code, type, status] of codes) {
  test(`error ${code} -> ${type}`, () => {
    assert.equal(proxyErrorOfCode(code), type);
    assert.equal(proxyErrorStatus(type), status);
  });
}

test('a loop has a status of its own', () => assert.equal(proxyErrorStatus('proxy_loop_detected'), 508));
