/** Networks, name servers, URLs and domains: what lb.json, flags and variables may say for them. */

import { isIP, isIPv4 } from 'node:net';
import { parseHost } from './address.ts';
import { Problem } from './errors.ts';

/** An address or a network such as `10.0.0.0/8`, the bits behind its length cleared or refused. */
export function parseNetwork(text: string): string | Problem {
  const slash = text.indexOf('/');
  const address = (slash < 0 ? text : text.slice(0, slash)).replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  if (family === 0 || address.includes('%')) {
    const fix = 'write an IP address or a network such as 10.0.0.0/8 or 2001:db8::/32';
    return new Problem(`"${text}" is no network`, fix);
  }
  if (slash < 0) return address;
  const length = text.slice(slash + 1);
  const most = family === 4 ? 32 : 128;
  if (/^\d{1,3}$/.test(length) && Number(length) <= most) return `${address}/${Number(length)}`;
  if (isIPv4(length)) {
    return new Problem(`"${length}" is a mask`, 'write the number of its bits, such as /24', slash + 1, length.length);
  }
  const message = `"${length}" is no length of a network`;
  return new Problem(message, `give a number from 0 to ${most}`, slash + 1, Math.max(1, length.length));
}

/** `ADDR` or `ADDR:PORT` of a name server, IPv6 in brackets where a port follows. */
export function parseNameServer(text: string): string | Problem {
  if (isIP(text) !== 0) return text;
  const match = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/.exec(text);
  const address = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? 53);
  if (isIP(address) === 0)
    return new Problem(`"${text}" is no name server`, 'write its IP address, such as 10.0.0.2 or [2001:db8::2]:53');
  if (port >= 1 && port <= 65535) return match?.[1] === undefined ? text : `[${address}]:${port}`;
  return new Problem(`port ${port} is out of range`, 'a port is a number from 1 to 65535', text.lastIndexOf(':') + 1);
}

/** An http:// or https:// URL without user name and fragment. */
export function parseUrl(text: string): string | Problem {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    return new Problem(`"${text}" is no URL`, 'write one that begins with http:// or https://');
  if (url.username !== '' || url.password !== '')
    return new Problem('the URL has a user name or password', 'leave out what stands before the @');
  if (url.hash !== '') return new Problem('the URL has a fragment', 'leave out what begins with #', text.indexOf('#'));
  return text;
}

/** A name that a certificate authority gives a certificate for by HTTP-01 or TLS-ALPN-01. */
export function parseDomain(text: string): string | Problem {
  if (text.includes('*')) {
    const fix = 'name each host; a certificate for a wildcard comes from elsewhere, as tls.cert';
    return new Problem(`"${text}": lb gets no certificates for wildcards`, fix, text.indexOf('*'));
  }
  if (/^[a-z]+:\/\//i.test(text))
    return new Problem(`"${text}" is a URL`, `write ${text.replace(/^[a-z]+:\/\/([^/:]*).*$/i, '$1')}`);
  const host = parseHost(text);
  if (host instanceof Problem) return host;
  if (isIP(host) !== 0) return new Problem(`"${text}" is an address`, 'certificates are for names');
  if (!host.includes('.')) return new Problem(`"${text}" is no public name`, 'write it in full, such as example.com');
  return host;
}
