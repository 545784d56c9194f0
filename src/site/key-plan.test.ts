import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KeyConfig } from '../config/config.ts';
import { deviceClass } from '../http/device-class.ts';
import { getHeader, type HeaderList } from '../http/headers.ts';
import { stripHopByHop } from '../http/hop-by-hop.ts';
import { KeyPlan } from './key-plan.ts';

const NOTHING: KeyConfig = {
  queryInclude: undefined,
  queryExclude: [],
  querySort: false,
  headers: [],
  cookies: undefined,
  device: false,
  country: false,
};

/** Countries by the last digit of the address. */
const countryOf = (address: string) => ['DE', 'FR', 'XX'][Number(address.at(-1)) % 3];

const planOf = (config: Partial<KeyConfig>) => new KeyPlan({ ...NOTHING, ...config }, countryOf);

const fieldOf = (headers: HeaderList) => (name: string) => getHeader(headers, name) ?? '';

const IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 Safari/604.1';

test('nothing configured: the same target and headers, no parts', () => {
  const plan = planOf({});
  const headers = ['cookie', 'a=1', 'x-a', 'b'];
  assert.equal(plan.target('/a', 'b=1&c'), '/a?b=1&c');
  assert.equal(plan.target('/a', ''), '/a');
  assert.equal(plan.forward(headers, ''), headers);
  assert.equal(plan.parts(fieldOf(headers), ''), '');
  assert.deepEqual(plan.fields, []);
  assert.equal(KeyPlan.isNeeded(NOTHING), false);
});

test('cookies: only those that are named go on, in one order, and are keyed', () => {
  const plan = planOf({ cookies: ['lang', 'ab'] });
  const sent = ['accept', '*/*', 'cookie', 'sid=secret; lang=de; utm=x;ab = 1; ab=2; langx=1; lang', 'x', 'y'];
  assert.deepEqual(plan.forward(sent, ''), ['accept', '*/*', 'x', 'y', 'cookie', 'ab=1; ab=2; lang=de']);
  assert.equal(plan.parts(fieldOf(sent), ''), '19:ab=1; ab=2; lang=de');
  assert.deepEqual(plan.forward(['cookie', 'sid=1'], ''), []);
  assert.equal(plan.parts(fieldOf(['cookie', 'sid=1']), ''), '0:');
});

test('an empty list of cookies: none goes on, none is keyed', () => {
  const plan = planOf({ cookies: [] });
  assert.deepEqual(plan.forward(['cookie', 'a=1', 'x', 'y', 'cookie', 'b=2'], ''), ['x', 'y']);
  assert.equal(plan.parts(fieldOf(['cookie', 'a=1']), ''), '');
  assert.equal(KeyPlan.isNeeded({ ...NOTHING, cookies: [] }), true);
});

test('headers: the first line is keyed and goes on, others do not', () => {
  const plan = planOf({ headers: ['x-tenant', 'accept-language'] });
  const sent = ['x-tenant', 'a', 'x-other', 'o', 'x-tenant', 'b'];
  assert.equal(plan.parts(fieldOf(sent), ''), '0:1:a');
  assert.deepEqual(plan.forward(sent, ''), ['x-other', 'o', 'x-tenant', 'a']);
});

test('headers: other spellings of a keyed one, which an origin may take for it, do not go on', () => {
  const sent = ['x_tenant', 'b', 'x-tenant', 'a', 'x.tenant', 'c'];
  assert.deepEqual(planOf({ headers: ['x-tenant'] }).forward(sent, ''), ['x-tenant', 'a']);
  assert.deepEqual(planOf({ headers: ['x_tenant'] }).forward(sent, ''), ['x_tenant', 'b']);
});

test('Connection takes no keyed field away', () => {
  const plan = planOf({ headers: ['x-tenant'], device: true });
  const sent = [
    'connection',
    'close, X-Tenant, x-gone',
    'x-tenant',
    'a',
    'x-gone',
    'b',
    'connection',
    'x-device-class',
  ];
  const kept = stripHopByHop(plan.forward(sent, ''));
  assert.deepEqual(kept, ['x-tenant', 'a', 'x-device-class', 'desktop']);
});

test('device and country: as lb sees them, whatever the client says', () => {
  const plan = planOf({ device: true, country: true });
  const sent = ['user-agent', IPHONE, 'x-device-class', 'bot', 'x-country', 'US'];
  assert.deepEqual(plan.forward(sent, '10.0.0.1'), [
    'user-agent',
    IPHONE,
    'x-device-class',
    'mobile',
    'x-country',
    'FR',
  ]);
  assert.equal(plan.parts(fieldOf(sent), '10.0.0.1'), '6:mobile2:FR');
  assert.deepEqual(plan.fields, ['user-agent', 'sec-ch-ua-mobile']);
  assert.equal(plan.needsAddress, true);
});

/** A request as far as keys are concerned. */
interface Sent {
  parameters: string[];
  cookies: string[];
  headers: [string, string][];
  agent: string;
  address: string;
}

const value = fc.string({ unit: fc.constantFrom('a', 'b', '1', ':', '0', ' x', '%', '+'), maxLength: 4 });
const cookieValue = fc.string({ unit: fc.constantFrom('a', '1', ':', '='), maxLength: 3 });
const sent: fc.Arbitrary<Sent> = fc.record({
  parameters: fc.array(
    fc.oneof(
      fc
        .tuple(fc.constantFrom('q', 'lang_a', 'lang_', 'page', 'q%61', 'p'), value)
        .map(([name, text]) => `${name}=${text.trim()}`),
      fc.constantFrom('', 'q', 'page', '=', 'utm_source=x', 'gclid', 'utm%5Fmedium=1', 'zz=1', 'fbclid=a=b'),
    ),
    { maxLength: 6 },
  ),
  cookies: fc.array(
    fc.tuple(fc.constantFrom('lang', 'ab', 'sid', 'l'), cookieValue).map(([name, text]) => `${name}=${text}`),
    { maxLength: 5 },
  ),
  headers: fc.array(
    fc.tuple(
      fc.constantFrom('x-a', 'x-b', 'x-c'),
      value.map((text) => text.trim()),
    ),
    { maxLength: 4 },
  ),
  agent: fc.constantFrom('', IPHONE, 'Googlebot/2.1', 'Mozilla/5.0 (X11; Linux x86_64)'),
  address: fc.constantFrom('10.0.0.0', '10.0.0.1', '10.0.0.2', '10.0.0.3'),
});

const config: fc.Arbitrary<KeyConfig> = fc.record({
  queryInclude: fc.constantFrom(undefined, undefined, [], ['q', 'lang_*', 'p*'], ['*'], ['*a*']),
  queryExclude: fc.constantFrom([], [':tracking'], ['page', 'utm_*'], ['*_a']),
  querySort: fc.boolean(),
  headers: fc.constantFrom([], ['x-a'], ['x-b', 'x-a']),
  cookies: fc.constantFrom(undefined, [], ['lang'], ['ab', 'lang']),
  device: fc.boolean(),
  country: fc.boolean(),
});

const headersOf = ({ cookies, headers, agent }: Sent): HeaderList => [
  ...headers.flat(),
  ...(cookies.length > 0 ? ['cookie', cookies.join('; ')] : []),
  ...(agent === '' ? [] : ['user-agent', agent]),
];

/** Key and what goes to the origin. */
function outcome(plan: KeyPlan, request: Sent) {
  const headers = headersOf(request);
  const target = plan.target('/p', request.parameters.join('&'));
  return {
    target,
    parts: plan.parts(fieldOf(headers), request.address),
    forwarded: plan.forward(headers, request.address),
  };
}

/** What of a request counts by a plain reading of the configuration. */
function counting(settings: KeyConfig, request: Sent) {
  const matches = (patterns: string[], name: string) =>
    patterns
      .flatMap((pattern) => (pattern === ':tracking' ? ['utm_*', 'gclid', 'fbclid'] : [pattern]))
      .some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name));
  const nameOf = (text: string) => {
    try {
      return decodeURIComponent(text.replace(/=.*/s, '').replaceAll('+', ' '));
    } catch {
      return text.replace(/=.*/s, '').replaceAll('+', ' ');
    }
  };
  let parameters = request.parameters.length === 0 ? [''] : request.parameters;
  parameters = parameters.filter(
    (text) =>
      (settings.queryInclude === undefined || matches(settings.queryInclude, nameOf(text))) &&
      !matches(settings.queryExclude, nameOf(text)),
  );
  if (settings.querySort)
    parameters = parameters.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1 * Number(nameOf(a) > nameOf(b))));
  const headers = headersOf(request);
  const fields = settings.headers.toSorted().map((name) => getHeader(headers, name) ?? '');
  const cookies = (settings.cookies ?? [])
    .toSorted()
    .map((name) => request.cookies.filter((pair) => pair.startsWith(`${name}=`)));
  const device = settings.device ? deviceClass(request.agent, '') : '';
  const country = settings.country ? countryOf(request.address) : '';
  return { query: parameters.join('&'), rest: JSON.stringify([fields, cookies, device, country]) };
}

test('one key exactly where what counts is equal, and then one request to the origin', () => {
  fc.assert(
    fc.property(config, sent, sent, (settings, a, b) => {
      const plan = new KeyPlan(settings, countryOf);
      const [first, second] = [outcome(plan, a), outcome(plan, b)];
      const [one, other] = [counting(settings, a), counting(settings, b)];
      assert.equal(first.target, one.query === '' ? '/p' : `/p?${one.query}`);
      assert.equal(first.parts === second.parts, one.rest === other.rest);
      if (first.parts !== second.parts) return;
      const keyed = new Set([
        ...settings.headers,
        'x-device-class',
        'x-country',
        ...(settings.cookies ? ['cookie'] : []),
      ]);
      const seen = (headers: HeaderList) => headers.filter((_, i) => keyed.has(headers[i - (i % 2)]));
      assert.deepEqual(seen(first.forwarded), seen(second.forwarded));
    }),
    { numRuns: 3000 },
  );
});

test('requests that differ only in what is dropped', () => {
  const plan = planOf({ queryExclude: [':tracking'], querySort: true, headers: ['x-a'], cookies: ['lang'] });
  const dropped = fc.constantFrom('utm_source=a', 'gclid=1', 'fbclid', 'utm%5fterm=', '_ga=2.1', 'mc_eid=x');
  fc.assert(
    fc.property(sent, fc.array(fc.tuple(fc.nat(6), dropped), { maxLength: 4 }), value, (request, added, sid) => {
      const parameters = [...request.parameters];
      for (const [at, text] of added) parameters.splice(at, 0, text);
      const before = { ...request, parameters: request.parameters.filter((text) => text !== '') };
      const after = { ...before, parameters: parameters.filter((text) => text !== '') };
      after.cookies = [`sid=${sid}`, ...request.cookies, 'theme=dark'];
      assert.deepEqual(outcome(plan, after), outcome(plan, before));
    }),
  );
});

test('what is normalised once stays as it is', () => {
  fc.assert(
    fc.property(config, sent, (settings, request) => {
      const plan = new KeyPlan(settings, countryOf);
      const { target, forwarded, parts } = outcome(plan, request);
      assert.equal(plan.target('/p', target.slice(3)), target);
      assert.deepEqual(plan.forward(forwarded, request.address), forwarded);
      assert.equal(plan.parts(fieldOf(forwarded), request.address), parts);
    }),
  );
});
