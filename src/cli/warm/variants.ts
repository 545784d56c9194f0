import { isFieldValue, isToken, trimOws } from '../../http/chars.ts';

/** Fields of one request. */
export type Fields = Readonly<Record<string, string>>;

/** Requests per URL. */
const MAX_VARIANTS = 64;

/** Fields that belong to the connection, and those that warming sets itself. */
const REFUSED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'te',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The fields of each request that a URL is to be fetched with, from `Name: value` texts. A name given several times
 * makes a request for each of its values, several such names one for each combination; an empty value is the request
 * without the field.
 *
 * @returns a text that says what is wrong where something is
 */
export function variantsOf(texts: readonly string[]): Fields[] | string {
  const values = new Map<string, string[]>();
  for (const text of texts) {
    const colon = text.indexOf(':');
    const name = text.slice(0, Math.max(colon, 0)).toLowerCase();
    const value = trimOws(text.slice(colon + 1));
    if (!isToken(name) || !isFieldValue(value)) return `"${text}" is no field: write "Name: value"`;
    if (REFUSED.has(name)) return `${name} cannot be set${name === 'host' ? ': --host says which one' : ''}`;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  let variants: Fields[] = [{}];
  for (const [name, choices] of values) {
    variants = variants.flatMap((fields) =>
      choices.map((value) => (value === '' ? fields : { ...fields, [name]: value })),
    );
    if (variants.length > MAX_VARIANTS) return `that makes more than ${MAX_VARIANTS} requests for each URL`;
  }
  return variants;
}
