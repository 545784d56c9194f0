import { FORWARDED_NAMES, METHOD_OVERRIDE_NAMES } from './forwarded.ts';
import { isEndToEnd, isHopByHop } from './hop-by-hop.ts';
import { CLIENT_CLASS_NAMES } from './keyed-fields.ts';
import { CONDITIONAL_NAMES } from './stored-headers.ts';

/** Fields of several words that frameworks answer by, beside those that other modules know. */
const READ_BY_FRAMEWORKS: ReadonlySet<string> = new Set([
  'accept-charset',
  'sec-ch-ua-mobile',
  'user-agent',
  'x-csrf-token',
  'x-requested-with',
]);

/**
 * A field name (lowercase) as CGI and its heirs read it: to them `_`, and to some `.`, is the same as `-` (RFC 3875
 * section 4.1.18).
 */
export function unmaskedName(name: string): string {
  return name.includes('_') || name.includes('.') ? name.replace(/[_.]/g, '-') : name;
}

/**
 * Whether a field name (lowercase) is another spelling of one that means something to lb or HTTP, such as
 * `x_forwarded_host`: an origin may take it for that, and no check or key has looked at it. Names of an application's
 * own, such as `api_key`, are none.
 */
export function isMaskedName(name: string): boolean {
  const unmasked = unmaskedName(name);
  return unmasked !== name && isKnown(unmasked);
}

/** Whether the field (lowercase) never reaches an origin under another spelling: it has none, or isMaskedName knows it. */
export function isUnmaskable(name: string): boolean {
  return !name.includes('-') || isKnown(name);
}

function isKnown(name: string): boolean {
  return (
    isEndToEnd(name) ||
    isHopByHop(name) ||
    FORWARDED_NAMES.has(name) ||
    METHOD_OVERRIDE_NAMES.has(name) ||
    CONDITIONAL_NAMES.has(name) ||
    CLIENT_CLASS_NAMES.has(name) ||
    READ_BY_FRAMEWORKS.has(name)
  );
}
