/** Media types that name a JSON document, which a client that lists them asks for by name. */
const JSON_TYPES: ReadonlySet<string> = new Set(['application/json', 'application/problem+json']);

/**
 * Whether a client asks for a page rather than for JSON (RFC 9110 section 12.5.1): it names `text/html`, and no JSON type
 * with more weight. `*` alone asks for neither.
 */
export function prefersHtml(accept: string): boolean {
  let html = 0;
  let json = 0;
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...parameters] = range.split(';').map((part) => part.trim());
    if (type === 'text/html') html = Math.max(html, weightOf(parameters));
    else if (JSON_TYPES.has(type)) json = Math.max(json, weightOf(parameters));
  }
  return html > 0 && html >= json;
}

/** 1 where no weight is given, 0 where it is malformed. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  if (weight === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(weight) ? Number(weight.slice(2)) : 0;
}
