import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { OriginConfig, OriginTlsConfig } from '../config/config.ts';

/** Terms of TLS with an origin, made once for all of its connections. */
export type OriginTls = Pick<ConnectionOptions, 'secureContext' | 'rejectUnauthorized' | 'servername' | 'host'>;

/**
 * Reads the files that the configuration names. A CA file is trusted in place of the authorities that Node.js knows.
 * @throws where a file cannot be read, or holds no certificate or key
 */
export function originTls(origin: OriginConfig, config: OriginTlsConfig): OriginTls {
  const { verify, ca, cert, key } = config;
  const secureContext = createSecureContext({
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  });
  const name = origin.serverName ?? origin.host;
  return {
    secureContext,
    rejectUnauthorized: verify,
    // addresses are not sent (RFC 6066 section 3), but compared with the certificate
    servername: isIP(name) === 0 ? name : '',
    host: name,
  };
}
