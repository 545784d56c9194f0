/**
 * Markup that ModSecurity's libinjection takes for an injection and that of libddwaf no longer does: attributes that may
 * hold scripts in old browsers, elements of SVG, XSL and XML, and comments with a grave accent.
 */

const ELEMENT = /<(?:svg|xsl|(?:xml|xss)(?=[\s\0/>]|$))/i;
const ATTRIBUTE = /([\s\0"'`/])(?:style|filter|xmlns[\w:.-]*|xlink[\w:.-]*)[\s\0]*=[\s\0]*[^\s\0>]/gi;
/** How far before an attribute behind slashes its beginning is looked for. */
const MOST_SLASHES = 64;

export function hasOldMarkup(value: string): boolean {
  if (value.includes('=') && hasAttribute(value)) return true;
  return value.includes('<') && (ELEMENT.test(value) || (value.includes('`') && hasAccentInComment(value)));
}

function hasAttribute(value: string): boolean {
  for (const { 1: separator, index } of value.matchAll(ATTRIBUTE)) {
    if (separator !== '/') return true;
    // slashes part attributes only behind a blank, a quote or the name of an element
    const before = value.slice(Math.max(0, index - MOST_SLASHES), index);
    if (/(?:[\s\0"'`]|<[a-z][^\s\0/>]*)\/*$/i.test(before)) return true;
  }
  return false;
}

/** `<?`, `<!`, `<%` and `</` before no letter begin comments. */
const COMMENT = /<(?:!(?:--)?|\?|%|\/(?![a-z>]))/gi;

function hasAccentInComment(value: string): boolean {
  let end = -1;
  for (const { 0: opening, index } of value.matchAll(COMMENT)) {
    if (index < end) continue;
    const close = value.indexOf(opening === '<!--' ? '-->' : opening === '<%' ? '%>' : '>', index + opening.length);
    end = close === -1 ? value.length : close;
    const accent = value.indexOf('`', index);
    if (accent === -1) return false;
    if (accent < end) return true;
  }
  return false;
}
