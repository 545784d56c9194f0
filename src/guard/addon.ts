import type { EditStep } from '../http/header-edits.ts';
import type { HeaderList } from '../http/headers.ts';
import type { LimitSubject } from '../ratelimit/subject.ts';
import type { Inspection } from './inspection.ts';

/** The addon goes on later: it is asked again once what it waits for is there. */
export const PENDING = 1;
/** No further addon looks at the request. */
export const SKIP = 2;

/** What an addon says of a request; undefined where it has nothing against it. */
export type Opinion = Verdict | typeof PENDING | typeof SKIP | undefined;

/** An answer in place of the site's. X-Request-Id is added to it. */
export interface Verdict {
  readonly status: number;
  /** Further lines, `Name: value`. */
  readonly fields: readonly string[];
  /** Why, for Cache-Status: a token such as `rate-limited`. */
  readonly reason: string;
  readonly problem?: ProblemBody;
  /** In place of a problem document. */
  readonly body?: TextBody;
}

/** Members of a problem document (RFC 9457); status and request_id are added to them. */
export interface ProblemBody {
  readonly detail: string;
  readonly [member: string]: string | number | boolean | readonly string[];
}

export interface TextBody {
  readonly contentType: string;
  readonly content: string | Uint8Array;
}

/** One part of the guard of a site: made once for it, asked for every request. */
export interface Addon {
  readonly name: string;
  /** Says what it has to say at once, or returns PENDING after it has begun to wait, as `holdBody` does. */
  check(x: GuardRequest): Opinion;
}

/** A request as addons see it. Fields are read when they are asked for, and only then. */
export interface GuardRequest extends LimitSubject {
  readonly scheme: 'http' | 'https';
  readonly protocol: '1.0' | '1.1' | '2';
  /** Path and query as the client sent them. */
  readonly target: string;
  /** Bytes of the request body, 0 for none, -1 where only its end tells. */
  readonly contentLength: number;
  /** Which addon of the plan is asked next; kept by the plan. */
  guardAt: number;
  /** That of the WAF, where it looks at the request. */
  inspection: Inspection | undefined;
  /** No addon looks at it. */
  isTrustedClient: boolean;
  /** Fields of the answer that tell of rate limits: names lowercase; undefined for none. */
  quota: EditStep['set'] | undefined;
  /** What country and bots' class say of the client, for logs; see base/guard-note.ts. */
  note: number;
  /** All header lines: [name, value, ...], names lowercase. Host is among them. */
  headerLines(): Readonly<HeaderList>;
  /**
   * The request body, to be looked at before an origin sees any of it. PENDING at first, where there is one: the addon is
   * to return that, and is asked again when the body is there. It then goes on to the origin as it came.
   */
  holdBody(terms: HoldTerms): HeldBytes | typeof PENDING;
}

export interface HoldTerms {
  /** Bytes that are held at the most. */
  readonly limit: number;
  /**
   * What becomes of a larger body: `reject` answers 413 and the addon is not asked again; `partial` gives it the first
   * `limit` bytes, and the rest goes to the origin unseen.
   */
  readonly over: 'reject' | 'partial';
}

/** What is there of a request body. */
export interface HeldBytes {
  readonly bytes: Buffer;
  /** More follows, which is not held. */
  readonly isPartial: boolean;
}
