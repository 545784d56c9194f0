import type { JsonWebKey } from 'node:crypto';
import { randomBytes, webcrypto } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import { createAuthority } from '../dial/certificates.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { checkAlpn, checkHttp } from './challenges.ts';
import { isBound, isSigned, type Jws, type Protected, payloadOf, protectedOf, thumbprint } from './jws.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface AuthorityOptions {
  /** Where it looks for answers, on 127.0.0.1. */
  httpPort?: () => number;
  tlsPort?: () => number;
  /** Lifetime of what it issues, in ms, and how much of it is over already. */
  lifetime?: number;
  age?: number;
  /** Accounts need a binding with this key. */
  binding?: { kid: string; key: string };
}

interface Order {
  status: 'pending' | 'ready' | 'valid' | 'invalid';
  names: string[];
  authorizations: string[];
  certificate?: string;
}

interface Authorization {
  status: 'pending' | 'valid' | 'invalid' | 'deactivated';
  name: string;
  token: string;
  types: string[];
  /** By type. */
  challenges: Record<string, { status: string; error?: object }>;
  jwk: JsonWebKey;
}

interface Answered {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

class Problem extends Error {
  readonly status: number;
  readonly type: string;

  constructor(status: number, type: string, detail: string) {
    super(detail);
    this.status = status;
    this.type = type;
  }
}

/** A certificate authority after RFC 8555, strict about what it is asked; it looks at challenges for real. */
export class TestAuthority {
  /** URL of the directory. */
  directory = '';
  /** PEM: who signs its own TLS certificate. */
  tlsCa = '';
  /** PEM: who signs what it issues. */
  root = '';
  /** Requests that are refused from now on: type of the problem, how often. */
  readonly faults: { type: string; status: number; at: string; times: number }[] = [];
  /** Types of challenges that were looked at, with why they were found wrong. */
  readonly checked: { type: string; name: string; error: string | undefined }[] = [];
  readonly issued: string[] = [];
  /** Requests wait for it. */
  gate: Promise<void> | undefined;
  readonly accounts = new Map<string, JsonWebKey>();
  contacts: unknown;
  /** Challenges that are offered. */
  offers = ['dns-01', 'http-01', 'tls-alpn-01'];
  readonly options: AuthorityOptions;
  readonly #nonces = new Set<string>();
  readonly #orders = new Map<string, Order>();
  readonly #authorizations = new Map<string, Authorization>();
  #keys: webcrypto.CryptoKeyPair | undefined;
  #certificate: x509.X509Certificate | undefined;
  #base = '';

  constructor(options: AuthorityOptions) {
    this.options = options;
  }

  async open(t: Cleanup): Promise<void> {
    const tls = await createAuthority();
    this.tlsCa = tls.cert;
    this.#keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
    this.#certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=ACME test root',
      keys: this.#keys,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(Date.now() - 86_400_000),
      notAfter: new Date(Date.now() + 10 * 86_400_000),
      extensions: [new x509.BasicConstraintsExtension(true, 1, true)],
    });
    this.root = this.#certificate.toString('pem');
    const server = createServer(await tls.issue(), (request, response) => void this.#serve(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    this.#base = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.directory = `${this.#base}/directory`;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      const type = status >= 400 ? 'application/problem+json' : 'application/json';
      const nonce = randomBytes(12).toString('base64url');
      this.#nonces.add(nonce);
      response.writeHead(status, { 'Content-Type': type, 'Replay-Nonce': nonce, ...headers });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    try {
      const body = Buffer.concat(await request.toArray()).toString();
      await this.gate;
      const { status = 200, body: answer, headers } = await this.#answer(request.method ?? '', request.url ?? '', body);
      send(status, answer, headers);
    } catch (error) {
      if (!(error instanceof Problem)) send(500, { type: 'about:blank', detail: String(error) });
      else send(error.status, { type: `urn:ietf:params:acme:error:${error.type}`, detail: error.message });
    }
  }

  async #answer(method: string, path: string, body: string): Promise<Answered> {
    const at = (place: string) => `${this.#base}${place}`;
    if (path === '/directory') {
      const meta = { termsOfService: at('/terms'), externalAccountRequired: this.options.binding !== undefined };
      return { body: { newNonce: at('/nonce'), newAccount: at('/account'), newOrder: at('/order'), meta } };
    }
    if (path === '/nonce') return { status: method === 'HEAD' ? 200 : 204, body: '' };
    const fault = this.faults.find((entry) => entry.times > 0 && path.startsWith(entry.at));
    if (fault !== undefined) {
      fault.times--;
      throw new Problem(fault.status, fault.type, `told to say ${fault.type}`);
    }
    const jws = JSON.parse(body) as Jws;
    const head = protectedOf(jws);
    if (method !== 'POST') throw new Problem(405, 'malformed', 'only POST');
    if (!this.#nonces.delete(head.nonce ?? '')) throw new Problem(400, 'badNonce', 'this nonce is not known');
    if (head.url !== at(path)) throw new Problem(401, 'unauthorized', 'the url is another one');
    if (path === '/account') return this.#account(jws, head);
    const jwk = this.accounts.get(head.kid ?? '');
    if (jwk === undefined) throw new Problem(400, 'accountDoesNotExist', 'no such account');
    if (!isSigned(jws, jwk)) throw new Problem(401, 'unauthorized', 'the signature is wrong');
    return this.#resource(path, payloadOf(jws), jwk);
  }

  #account(jws: Jws, { jwk, alg }: Protected): Answered {
    if (jwk === undefined || alg !== 'ES256' || !isSigned(jws, jwk))
      throw new Problem(401, 'unauthorized', 'not signed');
    const payload = payloadOf(jws) ?? {};
    const { binding } = this.options;
    const bound = payload.externalAccountBinding as Jws | undefined;
    if (binding && !(bound && isBound(bound, binding.kid, binding.key, jwk))) {
      throw new Problem(401, 'externalAccountRequired', 'the binding is missing or wrong');
    }
    if (payload.termsOfServiceAgreed !== true) throw new Problem(403, 'userActionRequired', 'agree to the terms');
    this.contacts = payload.contact;
    const url = `${this.#base}/account/${thumbprint(jwk)}`;
    const isNew = !this.accounts.has(url);
    this.accounts.set(url, jwk);
    return { status: isNew ? 201 : 200, body: { status: 'valid' }, headers: { Location: url } };
  }

  async #resource(path: string, payload: Record<string, unknown> | undefined, jwk: JsonWebKey): Promise<Answered> {
    const [, kind, id, type] = path.split('/');
    if (path === '/order') return this.#newOrder(payload, jwk);
    const order = this.#orders.get(id);
    const authorization = this.#authorizations.get(id);
    // an update of the account (RFC 8555 section 7.3.2)
    if (kind === 'account') return { body: { status: 'valid' } };
    if (kind === 'order' && order) return { body: this.#show(id, order) };
    if (kind === 'finalize' && order) return this.#finalize(id, order, String(payload?.csr));
    if (kind === 'certificate' && order?.certificate) {
      return { body: order.certificate, headers: { 'Content-Type': 'application/pem-certificate-chain' } };
    }
    if (kind === 'authorization' && authorization) {
      if (payload?.status === 'deactivated') authorization.status = 'deactivated';
      return { body: this.#showAuthorization(id, authorization) };
    }
    if (kind === 'challenge' && authorization) {
      // an empty object is the word that the answer is there; POST-as-GET only asks
      if (payload !== undefined) await this.#check(authorization, type);
      return { body: this.#showChallenge(id, authorization, type) };
    }
    throw new Problem(404, 'malformed', `there is no ${path}`);
  }

  #newOrder(payload: Record<string, unknown> | undefined, jwk: JsonWebKey) {
    const names = ((payload?.identifiers ?? []) as { type: string; value: string }[]).map(({ value }) => value);
    const authorizations = names.map((name) => {
      const id = randomBytes(6).toString('hex');
      const challenges = Object.fromEntries(this.offers.map((type) => [type, { status: 'pending' }]));
      const token = randomBytes(24).toString('base64url');
      this.#authorizations.set(id, { status: 'pending', name, token, types: this.offers, challenges, jwk });
      return id;
    });
    const id = randomBytes(6).toString('hex');
    const order: Order = { status: 'pending', names, authorizations };
    this.#orders.set(id, order);
    return { status: 201, body: this.#show(id, order), headers: { Location: `${this.#base}/order/${id}` } };
  }

  #show(id: string, order: Order) {
    const states = order.authorizations.map((key) => this.#authorizations.get(key)?.status);
    if (order.status === 'pending' && states.every((status) => status === 'valid')) order.status = 'ready';
    if (order.status === 'pending' && states.some((status) => status === 'invalid')) order.status = 'invalid';
    return {
      status: order.status,
      identifiers: order.names.map((value) => ({ type: 'dns', value })),
      authorizations: order.authorizations.map((key) => `${this.#base}/authorization/${key}`),
      finalize: `${this.#base}/finalize/${id}`,
      ...(order.certificate === undefined ? {} : { certificate: `${this.#base}/certificate/${id}` }),
    };
  }

  #showAuthorization(id: string, authorization: Authorization) {
    return {
      status: authorization.status,
      identifier: { type: 'dns', value: authorization.name },
      challenges: authorization.types.map((type) => this.#showChallenge(id, authorization, type)),
    };
  }

  #showChallenge(id: string, { token, challenges }: Authorization, type: string) {
    return { type, url: `${this.#base}/challenge/${id}/${type}`, token, ...challenges[type] };
  }

  async #check(authorization: Authorization, type: string): Promise<void> {
    const { name, token, jwk } = authorization;
    const answer = `${token}.${thumbprint(jwk)}`;
    const { httpPort, tlsPort } = this.options;
    const error =
      type === 'http-01'
        ? await checkHttp(httpPort?.() ?? 0, name, token, answer)
        : await checkAlpn(tlsPort?.() ?? 0, name, answer);
    this.checked.push({ type, name, error });
    authorization.status = error === undefined ? 'valid' : 'invalid';
    authorization.challenges[type] = {
      status: authorization.status,
      ...(error === undefined ? {} : { error: { type: 'urn:ietf:params:acme:error:unauthorized', detail: error } }),
    };
  }

  async #finalize(id: string, order: Order, csr: string) {
    this.#show(id, order);
    if (order.status !== 'ready') throw new Problem(403, 'orderNotReady', `the order is ${order.status}`);
    const request = new x509.Pkcs10CertificateRequest(Buffer.from(csr, 'base64url'));
    if (!(await request.verify())) throw new Problem(400, 'badCSR', 'the signature of the request is wrong');
    const names =
      (request.getExtension('2.5.29.17') as x509.SubjectAlternativeNameExtension | null)?.names.items.map(
        ({ value }) => value,
      ) ?? [];
    if (names.sort().join() !== [...order.names].sort().join()) throw new Problem(400, 'badCSR', 'other names');
    const { lifetime = 3_600_000, age = 0 } = this.options;
    const now = Date.now();
    const certificate = await x509.X509CertificateGenerator.create({
      subject: `CN=${order.names[0]}`,
      issuer: this.#certificate?.subject,
      publicKey: request.publicKey,
      signingKey: (this.#keys as webcrypto.CryptoKeyPair).privateKey,
      signingAlgorithm: ALGORITHM,
      notBefore: new Date(now - age),
      notAfter: new Date(now - age + lifetime),
      extensions: [new x509.SubjectAlternativeNameExtension(order.names.map((value) => ({ type: 'dns', value })))],
    });
    order.certificate = `${certificate.toString('pem')}\n${this.root}\n`;
    order.status = 'valid';
    this.issued.push(order.names.join());
    return { body: this.#show(id, order) };
  }
}

/** Starts an authority on 127.0.0.1, over TLS with a certificate of its own authority. */
export async function startAuthority(t: Cleanup, options: AuthorityOptions = {}): Promise<TestAuthority> {
  const authority = new TestAuthority(options);
  await authority.open(t);
  return authority;
}
