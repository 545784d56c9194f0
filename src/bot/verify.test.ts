import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classify } from './classify.ts';
import { ENGINES, type Engine, engineOf, isNameOf } from './engines.ts';
import { type Names, Standings, Verifier } from './verify.ts';

const google = engineOf('Googlebot/2.1') ?? assert.fail();

/** DNS of a few names, which counts what it is asked. */
class Zone implements Names {
  asked: string[] = [];
  failing: string | undefined;
  readonly #reverse: Record<string, string[]>;
  readonly #forward: Record<string, string[]>;

  constructor(reverse: Record<string, string[]>, forward: Record<string, string[]>) {
    this.#reverse = reverse;
    this.#forward = forward;
  }

  reverse = (address: string) => this.#answer(address, this.#reverse[address]);
  addresses = (name: string, family: 4 | 6) =>
    this.#answer(
      `${name} ${family}`,
      this.#forward[name]?.filter((one) => one.includes(':') === (family === 6)),
    );

  async #answer(asked: string, found: string[] | undefined): Promise<string[]> {
    this.asked.push(asked);
    await Promise.resolve();
    const code = this.failing ?? (found === undefined || found.length === 0 ? 'ENOTFOUND' : undefined);
    if (code !== undefined) throw Object.assign(new Error(code), { code });
    return found ?? [];
  }
}

const ZONE = () =>
  new Zone(
    {
      '66.249.66.1': ['crawl-66-249-66-1.googlebot.com'],
      '66.249.66.2': ['crawl-66-249-66-1.googlebot.com'],
      '66.249.66.3': ['other.example', 'CRAWL.GoogleBot.com.'],
      '2001:4860::1': ['six.googlebot.com'],
      '192.0.2.1': ['googlebot.com.evil.example'],
      '192.0.2.2': ['evilgooglebot.com'],
      '192.0.2.3': Array.from({ length: 5 }, (_, i) => (i < 4 ? `x${i}.googlebot.com` : 'crawl.googlebot.com')),
    },
    {
      'crawl-66-249-66-1.googlebot.com': ['66.249.66.1'],
      'CRAWL.GoogleBot.com.': ['66.249.66.9', '66.249.66.3'],
      'six.googlebot.com': ['2001:4860:0:0::1'],
      'googlebot.com.evil.example': ['192.0.2.1'],
      'evilgooglebot.com': ['192.0.2.2'],
      'crawl.googlebot.com': ['192.0.2.3'],
    },
  );

const settled = () => new Promise((resolve) => setImmediate(resolve));

test('a name of the engine that leads back to the address', async () => {
  const expected: Record<string, string> = {
    '66.249.66.1': 'verified',
    '66.249.66.2': 'fake',
    '66.249.66.3': 'verified',
    '2001:4860::1': 'verified',
    '192.0.2.1': 'fake',
    '192.0.2.2': 'fake',
    '192.0.2.3': 'fake',
    '192.0.2.4': 'fake',
  };
  const verifier = new Verifier(ZONE(), () => 0);
  for (const address of Object.keys(expected)) assert.equal(verifier.standing(google, address), 'pending', address);
  await settled();
  for (const [address, standing] of Object.entries(expected))
    assert.equal(verifier.standing(google, address), standing, address);
});

test('DNS is asked once, and again when the answer has aged; what is known counts meanwhile', async () => {
  let now = 0;
  const zone = ZONE();
  const verifier = new Verifier(zone, () => now);
  for (let i = 0; i < 5; i++) verifier.standing(google, '66.249.66.1');
  await settled();
  assert.equal(zone.asked.length, 2);
  now = 24 * 3_600_000 - 1;
  assert.equal(verifier.standing(google, '66.249.66.1'), 'verified');
  assert.equal(zone.asked.length, 2);
  now += 1;
  zone.failing = 'ETIMEOUT';
  assert.equal(verifier.standing(google, '66.249.66.1'), 'verified');
  await settled();
  assert.equal(verifier.standing(google, '66.249.66.1'), 'verified', 'no answer changes nothing');
  const asked = zone.asked.length;
  now += 59_999;
  verifier.standing(google, '66.249.66.1');
  assert.equal(zone.asked.length, asked, 'it is left in peace for a minute');
});

test('DNS that does not answer leaves a crawler pending', async () => {
  const zone = ZONE();
  zone.failing = 'ESERVFAIL';
  const verifier = new Verifier(zone, () => 0);
  verifier.standing(google, '66.249.66.1');
  await settled();
  assert.equal(verifier.standing(google, '66.249.66.1'), 'pending');
});

test('who has DNS fail again and again is nobody who can be asked about, until it answers', async () => {
  const zone = ZONE();
  zone.failing = 'ESERVFAIL';
  let now = 0;
  const verifier = new Verifier(zone, () => now);
  const ask = async () => {
    const standing = verifier.standing(google, '66.249.66.1');
    await settled();
    now += 60_000;
    return standing;
  };
  for (let i = 0; i < 3; i++) assert.equal(await ask(), 'pending');
  assert.equal(await ask(), 'unclaimed');
  zone.failing = undefined;
  await ask();
  assert.equal(await ask(), 'verified');
  zone.failing = 'ETIMEOUT';
  now += 24 * 3_600_000;
  for (let i = 0; i < 5; i++) assert.equal(await ask(), 'verified', 'what is known stays known');
});

test('a flood of addresses asks for a few at a time, and forgets the oldest', async () => {
  const zone = ZONE();
  const verifier = new Verifier(zone, () => 0);
  for (let i = 0; i < 10_000; i++) verifier.standing(google, `10.0.${i >> 8}.${i & 255}`);
  assert.equal(zone.asked.length, 32);
  await settled();
  assert.equal(verifier.standing(google, '66.249.66.1'), 'pending');
  await settled();
  assert.equal(verifier.standing(google, '66.249.66.1'), 'verified');
});

test('published networks go over DNS', () => {
  const ranges = [{ word: 'gptbot', networks: ['192.0.2.0/24', '2001:db8::/32'] }];
  const standings = new Standings({ verify: false, ranges }, new Verifier(ZONE()));
  const gpt = classify('Mozilla/5.0 (compatible; GPTBot/1.2)');
  assert.ok(standings.isAbout(gpt));
  assert.deepEqual(
    ['192.0.2.9', '2001:db8::9', '198.51.100.1'].map((address) => standings.of(gpt, address)),
    ['verified', 'verified', 'fake'],
  );
  assert.equal(standings.of(classify('CCBot/2.0'), '198.51.100.1'), 'unclaimed');
  assert.equal(standings.of(classify('Googlebot/2.1'), '66.249.66.1'), 'unclaimed', 'DNS is not to be asked');
});

test('domains of engines end at a dot', () => {
  const cases: readonly (readonly [Engine, string, boolean])[] = [
    [google, 'crawl-1.googlebot.com', true],
    [google, 'googlebot.com', true],
    [google, 'crawl.GOOGLEBOT.com.', true],
    [google, 'xgooglebot.com', false],
    [google, 'googlebot.com.a.example', false],
    [google, '1.2.3.4.bc.googleusercontent.com', false],
  ];
  for (const [engine, name, expected] of cases) assert.equal(isNameOf(engine, name), expected, name);
  for (const { domains } of ENGINES) for (const domain of domains) assert.match(domain, /^(?:\.[a-z\d-]+){2,}$/);
});
