import type { Dictionaries } from '../compress/dictionaries.ts';
import type { VariantMaker } from '../compress/variants.ts';
import type { EdgeContext } from '../fill/context.ts';
import type { NetworkTest } from '../http/networks.ts';
import type { RequestLimits } from '../http/request-check.ts';
import type { RateLimits } from '../ratelimit/limiter.ts';
import type { HostTables } from '../site/host-table.ts';
import type { AccessLogWriter } from '../stats/log-ring.ts';
import type { Tracer } from '../tracing/tracer.ts';
import type { ClientWatch } from './client-watch.ts';

/** What the pipeline needs on one edge thread, beside what fills need. */
export interface RequestContext extends EdgeContext {
  readonly hosts: HostTables;
  /** Names this process in CDN-Loop: one word of letters and digits. */
  readonly instance: string;
  /** Base of the counters of requests that no site answers for. */
  readonly unrouted: number;
  readonly maxRequestBody: number;
  readonly requestLimits: Readonly<RequestLimits>;
  /** Whether what a proxy at an address says of its clients counts; undefined where none is trusted. */
  readonly isTrusted: NetworkTest | undefined;
  /** Deadlines and rates of bodies. */
  readonly clients: ClientWatch;
  /** Told of targets of a site's host for which all that is stored, under whatever key, is invalid. */
  onChange(site: number, host: string, target: string): void;
  /** Undefined where nothing is ever logged. */
  readonly log: AccessLogWriter | undefined;
  /** Folder of answers to challenges of HTTP-01; undefined where no authority is asked for certificates. */
  readonly challengeFolder?: string | undefined;
  /** What threads share of rate limits; undefined where no site has any. */
  readonly limits?: RateLimits | undefined;
  /** Undefined where tracing is off. */
  readonly tracer?: Tracer | undefined;
  /** Makes variants of stored responses in other codings; undefined where nothing does. */
  readonly variants?: VariantMaker | undefined;
  /** Dictionaries of the sites that have some; undefined where there are none. */
  readonly dictionaries?: Dictionaries | undefined;
}
