import { styleText } from 'node:util';
import type { Explanation, FreshnessPart, KeyPart, LimitPart, Term, VariantPart } from '../explain/types.ts';

/** A name and the lines beside it. */
type Section = [name: string, lines: string[]];

const INDENT = 12;

/** An explanation for people: the decision first, then what it rests on. */
export function explanationText(explanation: Explanation, color: boolean): string {
  const { request, decision } = explanation;
  const bold = (text: string) => (color ? styleText('bold', text, { validateStream: false }) : text);
  const sections: Section[] = [
    ['request', [`${request.method} ${request.target}  (Host: ${request.host})`, ...request.fields]],
    ['decision', [bold(decisionLine(decision)), ...decision.why, `Cache-Status: ${decision.cache_status}`]],
    ['site', [`${explanation.site.name}, by ${explanation.site.matched}; ${sourceText(explanation.site.origins)}`]],
    ['rules', rulesLines(explanation.rules)],
    ['countries', countriesLines(explanation.countries)],
    ['bots', botsLines(explanation.bots)],
    ['limits', explanation.limits.map(limitLine)],
    ['rule', [ruleLine(explanation.rule), ...policyLines(explanation), ...presetLines(explanation.rule)]],
    ['key', keyLines(explanation.key)],
    ['stored', storedLines(explanation)],
    ['compression', compressionLines(explanation)],
    ['freshness', freshnessLines(explanation.freshness)],
    ['validation', explanation.validation?.request.map((line) => `asks with ${line}`) ?? []],
    ['purge', purgeLines(explanation)],
    ['last answer', lastAnswerLines(explanation)],
  ];
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(sectionText)
    .join('');
}

function sourceText(origins: readonly string[]): string {
  const [first = ''] = origins;
  return first.startsWith('the folder ') ? first : `origin ${origins.join(', ')}`;
}

function sectionText([name, lines]: Section): string {
  return lines.map((line, i) => `${(i === 0 ? name : '').padEnd(INDENT)}${line}\n`).join('');
}

const ACTIONS: Readonly<Record<Explanation['decision']['action'], string>> = {
  hit: 'hit: from the cache, without asking the origin',
  stale: 'stale: from the cache, though its time is over',
  revalidate: 'revalidate: what is stored goes out once the origin has confirmed it',
  miss: 'miss: from the origin, and for the cache',
  pass: 'pass: from the origin, for this client alone',
  refuse: 'refuse: lb answers an error of its own',
  answer: 'answer: a rule of the site answers',
};

function decisionLine({ action, status }: Explanation['decision']): string {
  return `${ACTIONS[action]}${status === null ? '' : ` (${status})`}`;
}

/** What changes, a line each. */
function rulesLines(rules: Explanation['rules']): string[] {
  if (rules === null) return [];
  const { matched, target, request_headers: request, response_headers: response } = rules;
  return [
    ...(matched.length > 0 ? [matched.join(', ')] : []),
    ...(target === null ? [] : [`the origin is asked for ${target}`]),
    ...request.map((line) => `to the origin  ${line}`),
    ...response.map((line) => `to the client  ${line}`),
  ];
}

function countriesLines(countries: Explanation['countries']): string[] {
  if (countries === null) return [];
  const { allow, block, default: otherwise, status, source } = countries;
  const lists = [
    ...(allow.length > 0 ? [`${allow.join(', ')} let in`] : []),
    ...(block.length > 0 ? [`${block.join(', ')} not`] : []),
  ];
  const others = otherwise === 'allow' ? 'all others let in' : 'all others not';
  const refusal = block.length > 0 || otherwise === 'block' ? `; refused with ${status}` : '';
  return [`${[...lists, others].join(', ')}${refusal}${source === null ? '' : ` (${source})`}`];
}

function botsLines(bots: Explanation['bots']): string[] {
  if (bots === null) return [];
  const { class: name, score, signals, action, mode, is_verified_by_address: isVerified } = bots;
  const against = signals.length === 0 ? '' : ` (${signals.join(', ')})`;
  const line = `class ${name}, score ${score}${against}: ${action}${mode === 'log' ? ', only logged' : ''}`;
  return isVerified
    ? [line, 'unless the address is not one of that crawler: then fake; if it is, no threshold counts']
    : [line];
}

function limitLine({ name, source, terms, by, scope, mode }: LimitPart): string {
  const whose = by.length === 0 ? 'of all clients together' : `by ${by.join(' and ')}`;
  const what = scope === 'origin' ? '; only what an origin is asked for counts' : '';
  return `${name} (${source}): ${terms}, ${whose}${what}${mode === 'log' ? '; only logged' : ''}`;
}

function ruleLine(rule: Explanation['rule']): string {
  if (rule === null) return 'none is for this path';
  const line = `${rule.name} (${rule.source}), for ${rule.match.join(', ')}`;
  return rule.doubted ? `${line}; its lifetimes do not count, as an origin may read the path as another one` : line;
}

/** What was set; the rest is by default. */
function policyLines({ policy }: Explanation): string[] {
  const given = policy.filter(({ from, setting }) => from !== 'default' || setting.endsWith('.ttl'));
  const rows = given.map(({ setting, value, from }) => [setting, text(value), from]);
  const widths = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  const lines = rows.map(([name, value, from]) => `${name.padEnd(widths[0])}  ${value.padEnd(widths[1])}  ${from}`);
  return given.length < policy.length
    ? [...lines, `${given.length > 0 ? 'all else' : 'all'} by default (--json lists it)`]
    : lines;
}

/** How to have it otherwise. */
function presetLines(rule: Explanation['rule']): string[] {
  if (!rule?.preset) return [];
  const { name, settings, without } = rule.preset;
  const [first] = settings;
  return [
    `what the preset ${name} has set gives way to settings of yours, such as ${first}; ${without} "none" ends it`,
  ];
}

function keyLines({ scheme, host, methods, target, configured, vary }: KeyPart): string[] {
  const lines = [`${scheme}  ${host}  ${methods}  ${target}`];
  lines.push(...configured);
  if (vary === null) return lines;
  lines.push(`varies by ${vary.fields.join(', ')}`);
  for (const [name, value] of Object.entries(vary.selecting)) lines.push(`  ${name}: ${value ?? '(absent)'}`);
  lines.push(...variantLines(vary.variants));
  return lines;
}

/** Variants shown one by one. */
const MAX_VARIANTS = 5;

function variantLines(variants: readonly VariantPart[]): string[] {
  const shown = variants.slice(0, MAX_VARIANTS).map(({ selection, stored, chosen }) => {
    const note = [...(chosen ? ['this one'] : []), ...(stored ? [] : ['no longer stored'])].join(', ');
    return `  variant ${selection}${note === '' ? '' : `  (${note})`}`;
  });
  const more = variants.length - shown.length;
  return more === 0 ? shown : [...shown, `  and ${more} more`];
}

function storedLines({ stored }: Explanation): string[] {
  if (stored === null) return ['nothing'];
  const { status, bytes, parts, slices, arrived, uses, disk, fields } = stored;
  const onDisk = disk === null ? '' : `, on the disk ${disk}`;
  const weak = parts?.joinable === false ? '; no strong validator to join others by' : '';
  const held = parts === null ? '' : ` (${parts.ranges.join(', ')} of ${parts.complete}${weak})`;
  const cut = slices === null ? '' : ` in slices of ${slices.size}, ${slices.stored} of ${slices.count} in memory`;
  const used =
    uses === null
      ? ''
      : `, ${uses === 0 ? 'not used' : `used ${uses}${uses === 3 ? ' times or more' : uses === 1 ? ' time' : ' times'}`} of late`;
  return [
    `${status}, ${bytes} bytes${held}${cut}, arrived ${arrived ?? 'at an unknown time'}${used}${onDisk}`,
    ...fields,
  ];
}

function compressionLines({ compression }: Explanation): string[] {
  if (compression === null) return [];
  const { stored, variants, sent, how, why } = compression;
  if (stored === null) return [why];
  const held = `stored as ${[stored, ...variants].join(', ')}`;
  return [`${sent === null ? 'the origin decides' : `${sent}, ${how}`} (${held})`, why];
}

function freshnessLines(freshness: FreshnessPart | null): string[] {
  if (freshness === null) return [];
  const { terms, governed_by, stale_while_revalidate: swr, stale_if_error: sie, client_directives } = freshness;
  const lines = termLines(terms);
  if (governed_by !== 'cache-control') lines.push(`${governed_by} counts in place of Cache-Control and Expires`);
  lines.push(`afterwards: ${swr} s while it is refreshed, ${sie} s while the origin fails`);
  if (client_directives !== null) lines.push(`the request's own directives count: ${client_directives}`);
  return lines;
}

/** Names and numbers beside each other. */
function termLines(terms: readonly Term[]): string[] {
  const width = Math.max(...terms.map(({ name }) => name.length));
  const digits = Math.max(...terms.map(({ value }) => (typeof value === 'number' ? String(value).length : 0)));
  return terms.map(({ name, value, how }) => {
    const shown = typeof value === 'number' ? String(value).padStart(digits) : value;
    return `${name.padEnd(width)}  ${shown}  ${how}`;
  });
}

function purgeLines({ purge }: Explanation): string[] {
  if (purge === null) return [];
  const { id, time, soft, spec, effect } = purge;
  return [`${soft ? 'soft' : 'hard'}, of ${spec}, at ${time}: ${effect}`, `id ${id}`];
}

function lastAnswerLines({ last_answer }: Explanation): string[] {
  if (last_answer === null) return [];
  const { status, reason, detail, time } = last_answer;
  return [`${status} at ${time}, ${reason === 'no-answer' ? '' : 'not stored: '}${detail}`];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
