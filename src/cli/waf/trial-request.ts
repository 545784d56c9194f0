import type { GuardRequest, HeldBytes, HoldTerms } from '../../guard/addon.ts';
import type { Inspection } from '../../guard/inspection.ts';
import { forwardedAddress } from '../../http/forwarded.ts';
import { getHeader, type HeaderList } from '../../http/headers.ts';
import { withoutClientClasses } from '../../http/keyed-fields.ts';
import type { NetworkTest } from '../../http/networks.ts';
import { requestId } from '../../http/request-id.ts';
import type { TestedRequest } from './tested-request.ts';

/** What is known of a request before its guard is asked. */
export interface TrialHead {
  readonly scheme: 'http' | 'https';
  /** Without port, as the site is found by it. */
  readonly host: string;
  readonly path: string;
  readonly query: string;
  /** As `Exchange.contentLength`. */
  readonly contentLength: number;
  /** Where its connection comes from. */
  readonly peer: string;
  readonly isTrusted: NetworkTest | undefined;
}

/** A request that came over no connection. */
export class TrialRequest implements GuardRequest {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly protocol: TestedRequest['protocol'];
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly host: { readonly host: string };
  readonly contentLength: number;
  guardAt = 0;
  inspection: Inspection | undefined = undefined;
  isTrustedClient = false;
  quota: GuardRequest['quota'] = undefined;
  note = 0;
  readonly #headers: HeaderList;
  readonly #address: string;
  readonly #id: string;
  readonly #body: Buffer;

  constructor(request: TestedRequest, head: TrialHead) {
    const { peer, isTrusted } = head;
    this.method = request.method;
    this.protocol = request.protocol;
    this.scheme = head.scheme;
    this.path = head.path;
    this.query = head.query;
    this.target = head.query === '' ? head.path : `${head.path}?${head.query}`;
    this.host = { host: head.host };
    this.contentLength = head.contentLength;
    this.#headers = withoutClientClasses(request.headers);
    this.#address = isTrusted?.(peer) === true ? forwardedAddress(this.#headers, peer, isTrusted) : peer;
    this.#id = requestId(getHeader(this.#headers, 'x-request-id'));
    this.#body = request.body;
  }

  headerLines(): Readonly<HeaderList> {
    return this.#headers;
  }

  field(name: string): string {
    return getHeader(this.#headers, name) ?? '';
  }

  clientAddress(): string {
    return this.#address;
  }

  ownId(): string {
    return this.#id;
  }

  /** It is over at once. */
  keepRow(): void {}

  holdBody({ limit }: HoldTerms): HeldBytes {
    return { bytes: this.#body.subarray(0, limit), isPartial: this.#body.length > limit };
  }
}
