/** What errors of connections have. */
interface SocketError extends NodeJS.ErrnoException {
  readonly hostname?: string;
  readonly address?: string;
  readonly port?: number;
  /** One for each address that was tried. */
  readonly errors?: readonly SocketError[];
}

/** OpenSSL's word for a certificate that leads to no authority that is trusted. */
const UNKNOWN_AUTHORITY = /SELF_SIGNED|UNABLE_TO_GET_ISSUER|UNABLE_TO_VERIFY/;

/** What OpenSSL says, in the middle of where it says so. */
const OPENSSL = /:SSL routines:[^:]*:([^:]+)/;

/** Why a server of HTTPS was not reached, in words for people, with the addresses that were tried. */
export function whyNotReached(error: SocketError): string {
  const { code = '', message, hostname } = error.errors?.[0] ?? error;
  const places = (error.errors ?? [error]).flatMap(({ address, port }) => (address ? [placeOf(address, port)] : []));
  const at = places.length === 0 ? '' : ` (${places.join(', ')})`;
  switch (code) {
    case 'ECONNREFUSED':
      return `connection refused${at}`;
    case 'ENOTFOUND':
      return `the name ${hostname} does not resolve`;
    case 'EAI_AGAIN':
      return `the name ${hostname} does not resolve: no server of DNS answers`;
    case 'ETIMEDOUT':
      return `no connection in time${at}`;
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `there is no way there${at}`;
    case 'ECONNRESET':
      return 'the connection was broken off';
    case 'EPROTO':
      return `TLS failed: ${OPENSSL.exec(message)?.[1] ?? message}`;
  }
  if (UNKNOWN_AUTHORITY.test(code)) {
    return `its certificate is not trusted: ${message}; acme.ca_file is to name who vouches for it`;
  }
  if (/CERT/.test(code)) return `its certificate is not trusted: ${message}`;
  return code.startsWith('ERR_SSL_') ? `TLS failed: ${OPENSSL.exec(message)?.[1] ?? message}` : message;
}

function placeOf(address: string, port: number | undefined): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
