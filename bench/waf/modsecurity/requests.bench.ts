/**
 * Compares which rules fire, and what variables hold, with ModSecurity itself on whole requests:
 *   node bench/waf/modsecurity/requests.bench.ts [--requests=2000] [--seed=1] [--level=4] [--crs-tests=FOLDER] [--show=20]
 * Needs the Debian packages modsecurity-crs, libmodsecurity-dev and g++. With --crs-tests half of the requests are the
 * tests of the rule set in that folder, changed at random. Prints each difference and how many of each kind there are.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isRefusal } from '../../../src/http/framing.ts';
import { checkRequest } from '../../../src/http/request-check.ts';
import { compileWaf } from '../../../src/waf/engine/compile.ts';
import type { WafPlan } from '../../../src/waf/engine/waf.ts';
import { loadRules } from '../../../src/waf/lang/load.ts';
import { readCrsCases, requestOf } from '../../../test/waf/crs-cases.ts';
import { type Random, seeded } from '../regex-inputs.ts';
import { attack, payload } from './attacks.ts';
import { mutate } from './mutations.ts';
import { ask, type Exchange, type Matches, withPeer } from './peer.ts';

const { values: options } = parseArgs({
  options: {
    requests: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    level: { type: 'string', default: '4' },
    'crs-tests': { type: 'string', default: '' },
    show: { type: 'string', default: '20' },
  },
});

/** Variables whose entries are told by rules of their own, so that a difference shows where no rule of the set looks. */
const LISTS = [
  'ARGS',
  'ARGS_NAMES',
  'ARGS_GET',
  'ARGS_POST',
  'REQUEST_COOKIES',
  'FILES',
  'FILES_NAMES',
  'MULTIPART_PART_HEADERS',
  'XML:/*',
  'XML://@*',
  'REQUEST_URI',
  'REQUEST_FILENAME',
  'REQUEST_BASENAME',
  'QUERY_STRING',
  'REQUEST_LINE',
  'ARGS_COMBINED_SIZE',
  'REQBODY_ERROR',
  'REQBODY_PROCESSOR',
  'MULTIPART_STRICT_ERROR',
  'MULTIPART_UNMATCHED_BOUNDARY',
  'MULTIPART_BOUNDARY_QUOTED',
  'MULTIPART_BOUNDARY_WHITESPACE',
  'MULTIPART_DATA_BEFORE',
  'MULTIPART_DATA_AFTER',
  'MULTIPART_HEADER_FOLDING',
  'MULTIPART_LF_LINE',
  'MULTIPART_CRLF_LF_LINES',
  'MULTIPART_MISSING_SEMICOLON',
  'MULTIPART_INVALID_QUOTING',
  'MULTIPART_INVALID_PART',
  'MULTIPART_INVALID_HEADER_FOLDING',
  'MULTIPART_FILE_LIMIT_EXCEEDED',
  'FILES_COMBINED_SIZE',
  'URLENCODED_ERROR',
  '&ARGS',
  '&REQUEST_HEADERS',
];
const FIRST_LIST = 9_990_100;

const RULES = `
SecRuleEngine DetectionOnly
SecRequestBodyAccess On
SecRequestBodyLimit 13107200
SecRequestBodyNoFilesLimit 1048576
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml
SecResponseBodyLimit 524288
SecRule REQUEST_HEADERS:Content-Type "@rx ^(?:application(?:/soap\\+|/)|text/)xml" "id:9990001,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=XML"
SecRule REQUEST_HEADERS:Content-Type "@rx ^application/(?:[a-z0-9.-]+\\+)?json" "id:9990002,phase:1,pass,nolog,t:none,t:lowercase,ctl:requestBodyProcessor=JSON"
Include /etc/modsecurity/crs/crs-setup.conf
SecAction "id:9990003,phase:1,pass,nolog,setvar:tx.paranoia_level=${options.level},setvar:tx.executing_paranoia_level=${options.level},setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,setvar:tx.max_num_args=255"
Include /usr/share/modsecurity-crs/rules/*.conf
SecRuleRemoveById 910000
${LISTS.map((name, i) => {
  const seen = `tx.seen${i}`;
  return `SecRule ${name} "@unconditionalMatch" "id:${FIRST_LIST - 1 - i},phase:2,pass,nolog,t:none,t:hexEncode,setvar:'${seen}=%{${seen}} x%{MATCHED_VAR}'"
SecRule TX:seen${i} "@unconditionalMatch" "id:${FIRST_LIST + i},phase:5,pass,log,t:none,logdata:'%{MATCHED_VAR}'"`;
}).join('\n')}
`;

function ourMatches(plan: WafPlan, { method, target, headers, body, response }: Exchange): Matches {
  const address = { clientAddress: '127.0.0.1', clientPort: 40000, serverAddress: '127.0.0.1', serverPort: 80 };
  const tx = plan.begin({ id: 'x', method, target, protocol: 'HTTP/1.1', headers, ...address });
  tx.headersPhase();
  if (body !== '') tx.body(Buffer.from(body, 'latin1'));
  tx.bodyPhase();
  tx.responseHeaders(response.status, response.headers);
  if (tx.wantsResponseBody && response.body !== '') tx.responseBody(Buffer.from(response.body, 'latin1'));
  tx.responseBodyPhase();
  return tx.log().matched.map(({ id, data }) => [id, data] as const);
}

function seeds(): Exchange[] {
  const folder = options['crs-tests'];
  if (folder === '') return [];
  return readCrsCases(folder).flatMap(({ stages }) =>
    stages.map(({ input }) => ({
      ...requestOf(input),
      response: { status: 200, headers: ['Content-Type', 'text/html'], body: '' },
    })),
  );
}

/** The request with one part of it written otherwise. */
function changed(exchange: Exchange, random: Random): Exchange {
  const { target, headers, body } = exchange;
  const printable = (text: string) =>
    text.replace(/[\0-\x20\x7f#]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
  switch (random(5)) {
    case 0: {
      const at = target.indexOf('?') + 1;
      return {
        ...exchange,
        target:
          at === 0
            ? `${target}?x=${printable(payload(random))}`
            : target.slice(0, at) + printable(mutate(target.slice(at), random)),
      };
    }
    case 1: {
      if (headers.length === 0) return exchange;
      const copy = [...headers];
      const at = random(copy.length / 2) * 2 + 1;
      copy[at] = mutate(copy[at], random)
        .replace(/[\0\r\n]/g, ' ')
        .trim();
      return { ...exchange, headers: copy };
    }
    case 2:
      return {
        ...exchange,
        headers: [
          ...headers,
          'X-Other',
          payload(random)
            .replace(/[\0\r\n]/g, ' ')
            .trim(),
        ],
      };
    default: {
      const other = body === '' ? body : mutate(body, random);
      return {
        ...exchange,
        body: other,
        headers: headers.map((text, i) =>
          i % 2 === 1 && /^content-length$/i.test(headers[i - 1]) ? String(other.length) : text,
        ),
      };
    }
  }
}

/** Whether lb would let it through to the rules. */
function isTaken({ method, target, headers }: Exchange): boolean {
  const lower = headers.map((text, i) => (i % 2 === 0 ? text.toLowerCase() : text.trim()));
  return !isRefusal(checkRequest({ method, target, headers: lower }));
}

const LONGEST = 4096;

/** What differs: ids of rules that one of the two has, and names of variables that do not hold the same. */
function differences(ours: Matches, theirs: Matches): string[] {
  const mine = idsOf(ours);
  const other = idsOf(theirs);
  const found = [...other]
    .filter((id) => !mine.has(id))
    .map((id) => `-${id}: ${theirs.find(([one]) => one === id)?.[1]}`);
  // what was read before an error is looked at by lb alone
  if (listOf(ours, 'REQBODY_ERROR') === 'x31' || listOf(theirs, 'REQBODY_ERROR') === 'x31') return found;
  found.push(...[...mine].filter((id) => !other.has(id)).map((id) => `+${id}`));
  for (const name of LISTS) {
    const [here, there] = [listOf(ours, name), listOf(theirs, name)];
    if (here.length >= LONGEST - 1 || there.length >= LONGEST - 1) continue;
    if (comparable(here) !== comparable(there)) found.push(`${name}: ${shown(here)} / ${shown(there)}`);
  }
  return found;
}

/** Of the rules that look at requests and responses; those of phase 5 sum up. */
function idsOf(matches: Matches): Set<number> {
  return new Set(matches.map(([id]) => id).filter((id) => id < 980_000));
}

function listOf(matches: Matches, name: string): string {
  return matches.find(([id]) => id === FIRST_LIST + LISTS.indexOf(name))?.[1].trim() ?? '';
}

/** 0 is also said by an empty value, and by none. */
function comparable(hexes: string): string {
  const values = hexes
    .replace(/2e(?:30){6}$/, '')
    .split(' ')
    .sort()
    .join(' ');
  return /^x?(?:30)?$/.test(values) ? '' : values;
}

function shown(hexes: string): string {
  return JSON.stringify(
    hexes
      .split(' ')
      .map((hex) => Buffer.from(hex.slice(1), 'hex').toString('latin1'))
      .join('|'),
  ).slice(0, 150);
}

withPeer((program, folder) => {
  const random = seeded(Number(options.seed));
  const cases = seeds();
  const exchanges: Exchange[] = [];
  while (exchanges.length < Number(options.requests)) {
    const exchange =
      cases.length > 0 && random(2) === 0 ? changed(cases[random(cases.length)], random) : attack(random);
    if (isTaken(exchange)) exchanges.push(exchange);
  }
  const file = join(folder, 'rules.conf');
  writeFileSync(file, RULES);
  const plan = compileWaf(loadRules([{ file }]), { mode: 'log', timeBudget: 10_000 });
  const theirs = ask(program, file, exchanges);
  const kinds = new Map<string, number>();
  let different = 0;
  let left = Number(options.show);
  let fired = 0;
  for (const [i, exchange] of exchanges.entries()) {
    fired += theirs[i].filter(([id]) => id < FIRST_LIST - 1000).length;
    const found = differences(ourMatches(plan, exchange), theirs[i]);
    if (found.length === 0) continue;
    different++;
    for (const text of found) kinds.set(text.split(':')[0], (kinds.get(text.split(':')[0]) ?? 0) + 1);
    if (left-- > 0)
      console.log(
        found.join('\n  '),
        '\n  in',
        JSON.stringify({ ...exchange, response: exchange.response.body }).slice(0, 700),
      );
  }
  console.log(`${exchanges.length} requests, ${fired} matches of rules, ${different} requests differ`);
  for (const [kind, count] of [...kinds].sort((a, b) => b[1] - a[1])) console.log(`${count} ${kind}`);
  if (different > 0) process.exitCode = 1;
});
