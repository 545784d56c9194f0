/** What a client may be told to get early (RFC 8297); other relations are for whoever has the document. */
const EARLY: ReadonlySet<string> = new Set(['preload', 'modulepreload', 'preconnect']);

/** Members and bytes of all that is hinted; what is over is left out. */
const MAX_LINKS = 20;
const MAX_BYTES = 3072;

/** The members of Link fields that may be sent ahead of the response, all their relations being such. */
export function earlyLinks(fields: readonly string[]): string[] {
  const links: string[] = [];
  let bytes = 0;
  for (const link of fields.flatMap(splitLinks)) {
    if (!isEarly(link) || links.length === MAX_LINKS || bytes + link.length > MAX_BYTES) continue;
    links.push(link);
    bytes += link.length;
  }
  return links;
}

/** Members of a Link field (RFC 8288 section 3): commas within `<...>` and quoted strings part nothing. */
function splitLinks(field: string): string[] {
  const links: string[] = [];
  let start = 0;
  let inside = '';
  for (let i = 0; i < field.length; i++) {
    const char = field[i];
    if (inside !== '') {
      if (char === '\\' && inside === '"') i++;
      else if (char === inside) inside = '';
    } else if (char === '<') inside = '>';
    else if (char === '"') inside = '"';
    else if (char === ',') {
      links.push(field.slice(start, i).trim());
      start = i + 1;
    }
  }
  links.push(field.slice(start).trim());
  return links.filter((link) => link !== '');
}

function isEarly(link: string): boolean {
  const end = link.indexOf('>');
  if (!link.startsWith('<') || end < 0) return false;
  for (const parameter of link.slice(end + 1).split(';')) {
    const equals = parameter.indexOf('=');
    if (equals < 0 || parameter.slice(0, equals).trim().toLowerCase() !== 'rel') continue;
    const relations = parameter
      .slice(equals + 1)
      .trim()
      .replaceAll('"', '')
      .toLowerCase()
      .split(' ');
    return relations.every((relation) => EARLY.has(relation));
  }
  return false;
}
