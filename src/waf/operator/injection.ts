import { hasOldMarkup } from './markup.ts';
import { DDWAF } from './native.ts';
import { sqlShape } from './sql-shapes.ts';

/** What libinjection, in a build of libddwaf, says of a value. */
export interface Injection {
  /** Of SQL the fingerprint; of scripts empty. */
  readonly fingerprint: string;
}

/** Where `run` gives up, in microseconds; it is not used, the strings being short, but must be given. */
const TIMEOUT = 1_000_000;
/** libddwaf cuts strings longer than 4,096 bytes of UTF-8. */
const LONGEST = 4096;
/** How much consecutive chunks of a longer value share: an injection has to fit in this. */
const OVERLAP = 1024;

const RULES = {
  version: '2.2',
  metadata: { rules_version: '1' },
  rules: [rule('sqli', 'is_sqli'), rule('xss', 'is_xss')],
};

function rule(address: string, operator: string): object {
  const conditions = [{ operator, parameters: { inputs: [{ address }] } }];
  return { id: address, name: address, tags: { type: address, category: 'attack' }, conditions, transformers: [] };
}

/** One context is kept for the thread's life: the values it is given are ephemeral, and it keeps nothing of them. */
let context: ReturnType<DDWAF['createContext']> | undefined;

/** Whether SQL is injected by the value; undefined where not. A part that cannot be looked at counts as an injection. */
export function detectSqlInjection(value: string): Injection | undefined {
  const found = inChunks('sqli', value);
  if (found !== undefined) return found;
  const fingerprint = sqlShape(value);
  return fingerprint === undefined ? undefined : { fingerprint };
}

/** Whether markup or a script is injected by the value. */
export function detectScriptInjection(value: string): Injection | undefined {
  return inChunks('xss', value) ?? (hasOldMarkup(value) ? { fingerprint: '' } : undefined);
}

/** Whether no value injects SQL; false also where they cannot be looked at together. */
export function noSqlInjection(values: readonly string[]): boolean {
  return lookTogether('sqli', values) && values.every((value) => sqlShape(value) === undefined);
}

/** Whether no value injects markup or a script; false also where they cannot be looked at together. */
export function noScriptInjection(values: readonly string[]): boolean {
  return lookTogether('xss', values) && !values.some(hasOldMarkup);
}

/** More values may be too many for libddwaf, and one that is found costs a second look at all of them. */
const MOST_TOGETHER = 64;

function lookTogether(address: string, values: readonly string[]): boolean {
  if (values.length > MOST_TOGETHER) return false;
  for (const value of values) if (value.length > LONGEST / 4 || NOT_ASCII.test(value)) return false;
  return look(address, values) === undefined;
}

function inChunks(address: string, value: string): Injection | undefined {
  const text = asUnicode(value);
  const longest = text === value && !NOT_ASCII.test(text) ? LONGEST : LONGEST / 4;
  if (text.length <= longest) return look(address, text);
  const step = longest - (longest >> 2);
  for (let at = 0; at === 0 || at + OVERLAP / 4 < text.length; at += step) {
    const found = look(address, text.slice(at, at + longest));
    if (found) return found;
  }
  return undefined;
}

const NOT_ASCII = /[\x80-\xff]/;
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The text whose UTF-8 is the value's bytes, for so the library gets it. Bytes that are no UTF-8 become two bytes each,
 * both of which libinjection takes for parts of words as it takes the one; but A0 alone is white space to it.
 */
function asUnicode(value: string): string {
  if (!NOT_ASCII.test(value)) return value;
  try {
    return decoder.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value.replaceAll('\xa0', ' ');
  }
}

/** The shape of what is looked at in a result's events. */
interface Event {
  readonly rule_matches: readonly { readonly parameters: readonly { readonly highlight: readonly string[] }[] }[];
}

function look(address: string, text: string | readonly string[]): Injection | undefined {
  context ??= new DDWAF(RULES, 'rules').createContext();
  const result = context.run({ ephemeral: { [address]: text } }, TIMEOUT);
  if (result.status === 'match') {
    const event = result.events?.[0] as Event | undefined;
    return { fingerprint: event?.rule_matches[0]?.parameters[0]?.highlight[0] ?? '' };
  }
  const { maxTruncatedString, maxTruncatedContainerSize, maxTruncatedContainerDepth } = result.metrics ?? {};
  const incomplete = maxTruncatedString ?? maxTruncatedContainerSize ?? maxTruncatedContainerDepth;
  return incomplete !== undefined || result.timeout || result.errorCode ? { fingerprint: '' } : undefined;
}
