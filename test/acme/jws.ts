import { createHash, createHmac, createPublicKey, type JsonWebKey, verify } from 'node:crypto';

/** A request as RFC 8555 section 6.2 wants it. */
export interface Jws {
  protected: string;
  payload: string;
  signature: string;
}

export interface Protected {
  alg: string;
  nonce?: string;
  url: string;
  jwk?: JsonWebKey;
  kid?: string;
}

const text = (base64url: string) => Buffer.from(base64url, 'base64url').toString();

export const protectedOf = (jws: Jws) => JSON.parse(text(jws.protected)) as Protected;

/** The payload, undefined where it is empty (POST-as-GET). */
export const payloadOf = (jws: Jws) =>
  jws.payload === '' ? undefined : (JSON.parse(text(jws.payload)) as Record<string, unknown>);

/** Whether the signature is that of the key (RFC 7515, ES256). */
export function isSigned(jws: Jws, jwk: JsonWebKey): boolean {
  const signed = Buffer.from(`${jws.protected}.${jws.payload}`);
  const key = { key: createPublicKey({ key: jwk, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
  return verify('sha256', signed, key, Buffer.from(jws.signature, 'base64url'));
}

/** Whether an external account binding (RFC 8555 section 7.3.4) is made with the key. */
export function isBound(jws: Jws, kid: string, hmacKey: string, jwk: JsonWebKey): boolean {
  const { alg, kid: named } = protectedOf(jws);
  const mac = createHmac('sha256', Buffer.from(hmacKey, 'base64url')).update(`${jws.protected}.${jws.payload}`);
  return (
    alg === 'HS256' &&
    named === kid &&
    mac.digest('base64url') === jws.signature &&
    text(jws.payload) === JSON.stringify(jwk)
  );
}

/** RFC 7638, of a key on a curve. */
export function thumbprint({ crv, kty, x, y }: JsonWebKey): string {
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
