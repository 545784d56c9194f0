import type { TemplatedApp } from 'uWebSockets.js';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClientWatch } from '../request/client-watch.ts';
import type { AppKind } from '../threads/messages.ts';
import type { TlsCertificate, TlsTerms } from '../tls/terms.ts';
import { CIPHERS_1_2 } from './ciphers.ts';
import { type ConnectionTimes, limitUwsConnections, limitUwsTimes } from './client-limits.ts';
import type { ConnectionLimits } from './connection-limits.ts';
import type { Uws } from './load-uws.ts';
import { type RequestHandler, serveUws } from './uws.ts';
import { Bystander } from './uws-bystander.ts';

/** What all apps of a thread share. */
export interface UwsParts {
  readonly handler: RequestHandler;
  readonly clients: ClientWatch;
  readonly connections: ConnectionLimits;
}

interface App {
  readonly app: TemplatedApp & { getDescriptor(): unknown };
  readonly routeWebSockets: (maxMessage: number) => void;
}

/** One thread's apps of uWebSockets.js, to which main hands sockets over: one without TLS, and one with where that is its. */
export class UwsApps {
  readonly #uws: Uws;
  readonly #parts: UwsParts;
  readonly #apps = new Map<AppKind, App>();
  /** With certificates of before: main hands them no more sockets, but those that they have go on. */
  readonly #former: App[] = [];
  #times: ConnectionTimes;
  #maxMessage = 0;
  /** There once WebSockets are routed. */
  #bystander: Bystander | undefined;
  #certificate: TlsCertificate | undefined;

  constructor(uws: Uws, parts: UwsParts, times: ConnectionTimes) {
    this.#uws = uws;
    this.#parts = parts;
    this.#times = times;
  }

  /** Makes the app without TLS. @returns what main hands sockets to */
  openPlain(): unknown {
    return this.#open('plain', this.#uws.App(), 'http');
  }

  /**
   * Makes an app with TLS, or another one where the certificate has changed.
   * @returns what main hands sockets to from now on, undefined where nothing has changed
   * @throws where the library cannot use the certificate
   */
  openSecure({ certificates: [certificate] }: TlsTerms): unknown {
    const before = this.#certificate;
    if (certificate === undefined || (before?.cert === certificate.cert && before.key === certificate.key)) {
      return undefined;
    }
    const former = this.#apps.get('tls');
    const descriptor = this.#open('tls', secureApp(this.#uws, certificate), 'https');
    this.#certificate = certificate;
    if (former !== undefined) this.#former.push(former);
    return descriptor;
  }

  #open(kind: AppKind, plain: TemplatedApp, scheme: 'http' | 'https'): unknown {
    const { handler, clients, connections } = this.#parts;
    const app = plain as App['app'];
    const routeWebSockets = serveUws(app, handler, clients, scheme, (call) => this.#bystander?.run(call));
    limitUwsTimes(app, this.#times);
    limitUwsConnections(app, connections);
    if (this.#maxMessage > 0) routeWebSockets(this.#maxMessage);
    this.#apps.set(kind, { app, routeWebSockets });
    return app.getDescriptor();
  }

  /** Other deadlines. */
  limit(times: ConnectionTimes): void {
    this.#times = times;
    for (const { app } of [...this.#apps.values(), ...this.#former]) limitUwsTimes(app, times);
  }

  /** Routes WebSockets whose messages may have so many bytes; 0 for none. What is routed stays so. */
  allowMessages(largest: number): void {
    if (largest <= this.#maxMessage) return;
    this.#maxMessage = largest;
    this.#bystander ??= new Bystander(this.#uws);
    for (const { routeWebSockets } of this.#apps.values()) routeWebSockets(largest);
  }

  /** Breaks all connections; to be called before the thread ends. */
  close(): void {
    this.#bystander?.close();
    for (const { app } of [...this.#apps.values(), ...this.#former]) app.close();
  }
}

/** The library takes certificates by file only, and reads them at once. */
function secureApp(uws: Uws, { cert, key }: TlsCertificate): TemplatedApp {
  const folder = mkdtempSync(join(tmpdir(), 'lb-tls-'));
  const files = { cert_file_name: join(folder, 'cert.pem'), key_file_name: join(folder, 'key.pem') };
  try {
    writeFileSync(files.cert_file_name, cert, { mode: 0o600 });
    writeFileSync(files.key_file_name, key, { mode: 0o600 });
    return uws.SSLApp({ ...files, ssl_ciphers: CIPHERS_1_2 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
