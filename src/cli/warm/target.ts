/** One thing to fetch: the Host field and the target that a client would send. */
export interface Target {
  /** '' where the line names no host. */
  readonly host: string;
  /** Path and query. */
  readonly path: string;
}

const MAX_TARGET = 8192;

/** A URL, or a path on whatever host is meant; a text that says what is wrong where it is neither. */
export function parseTarget(text: string): Target | string {
  const [address] = text.split('#', 1);
  const url = /^(https?):\/\/([^/?]+)(.*)$/i.exec(address);
  if (url === null && !address.startsWith('/')) return 'neither a URL nor a path that begins with /';
  const rest = url === null ? address : url[3].startsWith('/') ? url[3] : `/${url[3]}`;
  const path = rest.replace(/[^\x21-\x7e]+/g, (part) => encodeURIComponent(part.toWellFormed()));
  if (path.length > MAX_TARGET) return `longer than ${MAX_TARGET} characters`;
  if (url === null) return { host: '', path };
  const host = hostField(url[1].toLowerCase(), url[2]);
  return host === undefined ? 'its host is malformed' : { host, path };
}

/** As clients send it: in ASCII, without the port that its scheme implies. */
function hostField(scheme: string, authority: string): string | undefined {
  if (authority.includes('@')) return undefined;
  try {
    return new URL(`${scheme}://${authority}`).host;
  } catch {
    return undefined;
  }
}
