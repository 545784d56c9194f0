import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadConfig } from '../config/load.ts';
import type { RuleSubject } from './rule-text.ts';
import { RulePlan, rulesAskForCountries } from './rules.ts';

/** The plan of a site with settings as in lb.json. */
function planOf(settings: object, country = 'DE'): RulePlan {
  const text = JSON.stringify({ origins: ['a:80'], ...settings });
  const loaded = loadConfig({ flags: [], env: {}, cwd: '/', file: 'lb.json', readFile: () => text });
  if ('errors' in loaded) throw new Error(loaded.errors.map(({ message }) => message).join('\n'));
  return new RulePlan(loaded.config.sites[0], () => country);
}

interface Asked extends Partial<Omit<RuleSubject, 'host'>> {
  host?: string;
  fields?: Record<string, string>;
}

function subject({ host = 'site.test', fields = {}, ...given }: Asked = {}): RuleSubject {
  return {
    method: 'GET',
    scheme: 'http',
    path: '/',
    query: '',
    field: (name) => fields[name] ?? '',
    clientAddress: () => '192.0.2.7',
    ownId: () => 'id-1',
    ...given,
    host: { host: host.replace(/:\d+$/, ''), authority: host },
  };
}

test('every rule that matches counts, until one answers', () => {
  const plan = planOf({
    rules: [
      { match: '/a/*', response_headers: { set: { 'x-one': '1' } } },
      { match: '/b/*', response_headers: { set: { 'x-two': '2' } } },
      { match: '/a/end', respond: { status: 403 }, response_headers: { set: { 'x-end': 'e' } } },
      { match: '/a/*', rewrite: '/c/{1}', response_headers: { set: { 'x-three': '3' } } },
      { match: '/a/*', rewrite: '/d/{1}' },
    ],
  });
  const end = plan.apply(subject({ path: '/a/end' }));
  assert.deepEqual([end.answer?.status, end.target], [403, undefined]);
  assert.deepEqual(end.response?.apply([]), ['x-one', '1', 'x-end', 'e']);
  const other = plan.apply(subject({ path: '/a/x', query: 'q' }));
  assert.deepEqual([other.answer, other.target], [undefined, '/d/x?q']);
  assert.deepEqual(other.response?.apply([]), ['x-one', '1', 'x-three', '3']);
  assert.equal(other.matched.length, 3);
});

test('constant changes are one object for all requests, others are of each', () => {
  const plan = planOf({
    rules: [
      { response_headers: { set: { 'x-a': '1' } }, request_headers: { add: { 'x-b': '2' } } },
      { match: '/v*', response_headers: { set: { 'x-v': '{client_ip} {country} {scheme}' } } },
    ],
  });
  const [one, two] = [plan.apply(subject()), plan.apply(subject({ path: '/x' }))];
  assert.equal(one.response, two.response);
  assert.equal(one.request, two.request);
  assert.equal(one.response?.isShared, true);
  const personal = plan.apply(subject({ path: '/v' }));
  assert.equal(personal.response?.isShared, false);
  assert.deepEqual(personal.response?.apply([]), ['x-a', '1', 'x-v', '192.0.2.7 DE http']);
});

test('all variables', () => {
  const text =
    '{client_ip}|{host}|{path}|{query}|{uri}|{scheme}|{method}|{request_id}|{country}|{header:a}|{cookie:b}|{1}|{2}';
  const plan = planOf({ rules: [{ match: '/p/*/*', response_headers: { set: { v: text } } }] });
  const request = subject({
    host: 'h.test:81',
    path: '/p/x/y',
    query: 'q=1',
    fields: { a: 'A', cookie: 'c=1; b=B; b=C' },
  });
  assert.deepEqual(plan.apply(request).response?.apply([]), [
    'v',
    '192.0.2.7|h.test|/p/x/y|q=1|/p/x/y?q=1|http|GET|id-1|DE|A|B|x|y',
  ]);
});

test('a value that comes out empty sets nothing', () => {
  const plan = planOf({ rules: [{ request_headers: { set: { 'x-a': '{header:b}' }, add: { 'x-c': '{cookie:d}' } } }] });
  assert.deepEqual(plan.apply(subject()).request?.apply(['x-a', 'forged', 'x-c', 'own']), ['x-c', 'own']);
});

test('methods and hosts', () => {
  const plan = planOf({
    rules: [
      { methods: ['get'], respond: { status: 201 } },
      { methods: 'HEAD,POST', hosts: '*.a.test', respond: { status: 202 } },
      { hosts: ['b.test'], respond: { status: 203 } },
    ],
  });
  const status = (asked: Asked) => plan.apply(subject(asked)).answer?.status;
  assert.deepEqual([status({}), status({ method: 'HEAD' }), status({ method: 'POST' })], [201, 201, undefined]);
  assert.equal(status({ method: 'POST', host: 'x.a.test' }), 202);
  assert.equal(status({ method: 'POST', host: 'a.test' }), undefined);
  assert.equal(status({ method: 'PUT', host: 'b.test:8080' }), 203);
  assert.equal(status({ method: 'OPTIONS', path: '*', host: 'b.test' }), undefined, 'no path, no rule');
});

test('redirects to https keep path and query, and leave challenges alone', () => {
  const settings = { https_redirect: true, listen: [':80', ':8080'] };
  const plan = planOf(settings);
  const location = (asked: Asked, of = plan) => of.apply(subject(asked)).answer?.headers[0][1];
  assert.equal(location({ path: '/a', query: 'b=c' }), 'https://site.test/a?b=c');
  assert.equal(location({ path: '//evil.test/x' }), 'https://site.test//evil.test/x');
  assert.equal(location({ host: 'site.test:8080' }), 'https://site.test/');
  assert.equal(location({ path: '/.well-known/acme-challenge/x' }), undefined);
  assert.equal(location({ path: '/.well-known/acme-challenge' }), 'https://site.test/.well-known/acme-challenge');
  assert.equal(location({ scheme: 'https' }), undefined);
  assert.equal(plan.apply(subject({ method: 'POST' })).answer?.status, 308);
  assert.equal(plan.apply(subject({ method: 'HEAD' })).answer?.status, 301);
});

test('HSTS is for TLS alone', () => {
  const plan = planOf({ hsts: { max_age: '365d', include_subdomains: true, preload: true } });
  assert.equal(plan.apply(subject()).response, undefined);
  const { response } = plan.apply(subject({ scheme: 'https' }));
  const lines = ['strict-transport-security', 'max-age=31536000; includeSubDomains; preload'];
  assert.deepEqual(response?.apply(['strict-transport-security', 'max-age=1']), lines);
});

test('what a site says is needed, and what of it counts for keys', () => {
  assert.equal(planOf({ rules: [{ response_headers: { remove: ['a'] } }] }).isKeyed, false);
  assert.equal(planOf({ rules: [{ rewrite: '/a' }] }).isKeyed, true);
  assert.equal(planOf({ rules: [{ rewrite: '/a' }] }).editsRequests, false);
  assert.equal(planOf({ rules: [{ request_headers: { remove: ['a'] } }] }).editsRequests, true);
  const rule = { match: [], responseHeaders: { set: [['a', '{country}']] } };
  assert.equal(rulesAskForCountries({ rules: [rule] } as never), true);
  assert.equal(rulesAskForCountries({ rules: [] }), false);
});

test('where a purge by URL goes', () => {
  const plan = planOf({ https_redirect: true, rules: [{ match: '/a/*', rewrite: '/b/{1}' }] });
  assert.equal(plan.rewrite('h', '/a/x?y'), '/b/x?y');
  assert.equal(plan.rewrite('h', '/c?y'), '/c?y');
});

const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('..', '.', '//x', '/\\x', '\r\na: b', '%2e'),
);
const anyPath = anyText.map((text) => `/${text.replace(/[\x00-\x20\x7f?#]/g, '')}`);

test('whatever clients send: no header is split, no redirect leads to another host, no rewrite out of its folder', () => {
  const plan = planOf({
    rules: [
      { match: '/r*', redirect: { to: '/{1}/{header:a}?x={cookie:c}' } },
      { match: '/h*', redirect: { to: 'https://{header:a}.example{uri}' } },
      { match: '/u*', redirect: { to: '{uri}' } },
      { rewrite: '/in{path}/{header:a}', response_headers: { set: { v: '{header:a}{path}{query}{cookie:c}' } } },
    ],
  });
  fc.assert(
    fc.property(anyPath, anyText, anyText, fc.constantFrom('/r', '/h', '/u', ''), (path, a, c, prefix) => {
      const fields = { a, cookie: `c=${c}` };
      const { answer, target, response, refusal } = plan.apply(subject({ path: prefix + path, fields }));
      for (const line of response?.apply([]) ?? []) assert.match(line, /^[\t\x20-\x7e\x80-\xff]*$/);
      if (answer !== undefined) {
        const [[, location]] = answer.headers;
        assert.match(location, /^[\x21-\x7e]+$/);
        // nothing before .example is no host, and no browser goes there
        if (!URL.canParse(location, 'http://site.test')) return;
        const { host } = new URL(location, 'http://site.test');
        assert.ok(host === 'site.test' || host.replace(/:\d*$/, '').endsWith('example'), location);
      } else if (refusal === undefined) {
        assert.match(target ?? '', /^\/in\//);
        assert.ok(new URL(target ?? '', 'http://site.test').pathname.startsWith('/in/'), target);
      }
    }),
    { numRuns: 2000 },
  );
});
