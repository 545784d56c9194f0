/** Header fields that settings change or add: which names, which values. */

import { isFieldValue, isToken, trimOws } from '../http/chars.ts';
import { isHopByHop } from '../http/hop-by-hop.ts';
import { isMistake, parseTemplate } from '../http/template.ts';
import { Problem } from './errors.ts';
import { parseFieldName } from './names.ts';
import type { Setting } from './setting.ts';

/** A name, lowercase, and its value. */
export type Field = readonly [name: string, value: string];

/** What lb decides about a request to an origin: conditions, ranges, codings, loops. */
const OF_REQUESTS = new Set([
  'accept-encoding',
  'cdn-loop',
  'expect',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'max-forwards',
  'range',
  'via',
]);

/** What says how the bytes of a response are to be read, and what lb says of itself. */
const OF_RESPONSES = new Set([
  'accept-ranges',
  'age',
  'content-encoding',
  'content-range',
  'date',
  'host',
  'proxy-status',
  'cache-status',
  'via',
]);

/** What may be taken away, but not be made up. */
const VALIDATORS = new Set(['etag', 'last-modified']);

/** Why rules cannot change a field; undefined where they can. */
export function whyNotChanged(setting: Setting, name: string): string | undefined {
  if (name === 'content-length' || isHopByHop(name)) return 'it belongs to one connection, and lb sets it';
  if (name.startsWith('sec-websocket-')) return 'it belongs to the handshake of WebSocket';
  if (setting.path.startsWith('rules[].request_headers.')) {
    if (name === 'host') return 'host_header sets it';
    return OF_REQUESTS.has(name) ? 'lb decides about it for each request to the origin' : undefined;
  }
  if (!setting.path.startsWith('rules[].')) return undefined;
  if (OF_RESPONSES.has(name)) return 'lb sets it by what it knows of the response';
  if (name === 'vary' && !setting.path.endsWith('.add')) return 'caches behind lb need it; it can be added to';
  const isMadeUp = VALIDATORS.has(name) && !setting.path.endsWith('.remove');
  return isMadeUp ? 'lb answers conditional requests by that of the origin' : undefined;
}

/** A name in a list of names. */
export function parseChangedName(setting: Setting, text: string): string | Problem {
  const name = parseFieldName(text);
  if (name instanceof Problem) return name;
  const reason = whyNotChanged(setting, name);
  return reason === undefined ? name : new Problem(`${text} cannot be removed: ${reason}`, 'leave it out');
}

/** A name as a key of an object of fields. */
export function parseFieldKey(setting: Setting, text: string): string | Problem {
  if (setting.type === 'matches' && !setting.path.endsWith('.headers'))
    return text === '' ? new Problem('a name is empty', 'write the name that is looked at') : text;
  if (!isToken(text)) return new Problem(`"${text}" is no field name`, 'use letters, digits and hyphens');
  const name = text.toLowerCase();
  const reason = setting.type === 'matches' ? undefined : whyNotChanged(setting, name);
  return reason === undefined ? name : new Problem(`${text} cannot be set: ${reason}`, 'leave it out');
}

/** A value, with variables but in fields that no request is at hand for. */
export function parseFieldValue(setting: Setting, text: string): string | Problem {
  if (setting.type === 'matches') return text;
  const value = trimOws(text);
  if (!isFieldValue(value)) {
    const at = /[^\t\x20-\x7e\x80-\xff]/.exec(text)?.index;
    return new Problem('a character that no header field may have', 'remove it, or percent-encode it', at);
  }
  return setting.path.startsWith('rules[].') ? checkTemplate(value, value) : value;
}

/** `name: value`, as a variable has it. */
export function parseFieldText(setting: Setting, text: string): Field | Problem {
  const colon = text.indexOf(':');
  if (colon <= 0) return new Problem('a header field without a colon', 'write name: value');
  const name = parseFieldKey(setting, text.slice(0, colon).trim());
  if (name instanceof Problem) return name;
  const value = parseFieldValue(setting, text.slice(colon + 1));
  return value instanceof Problem ? value : [name, value];
}

/** A path for the origin, or where a redirect leads to. */
export function parseTargetTemplate(setting: Setting, text: string): string | Problem {
  const odd = /[^\x21-\x7e]|["<>\\^`|]/.exec(text);
  if (odd) {
    const encoded = [...new TextEncoder().encode(odd[0])].map((byte) => `%${byte.toString(16).padStart(2, '0')}`);
    return new Problem(`a URL has no ${JSON.stringify(odd[0])}`, `write ${encoded.join('').toUpperCase()}`, odd.index);
  }
  if (setting.path === 'rules[].rewrite') {
    if (!/^(?:\/|\{(?:path|uri|1)\})/.test(text) || text.startsWith('//'))
      return new Problem(`"${text}" is no path`, 'begin with one slash, such as "/app{path}"', 0, 1);
    if (text.includes('#')) return new Problem('a path has no #', 'leave it out', text.indexOf('#'));
  } else if (!/^(?:\/(?!\/)|https?:\/\/[^/?#]|\{(?:path|uri|scheme)\})/i.test(text)) {
    return new Problem(`"${text}" is neither a path nor a URL`, 'write "/path" or "https://example.com{path}"', 0, 1);
  }
  return checkTemplate(text, text);
}

function checkTemplate<T>(text: string, value: T): T | Problem {
  const parsed = parseTemplate(text);
  return isMistake(parsed) ? new Problem(parsed.message, parsed.fix, parsed.at, parsed.length) : value;
}
