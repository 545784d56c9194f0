// What the pipeline knows of tracing: interfaces only, so that nothing of OpenTelemetry is loaded where it is off.

/** Makes spans of requests. */
export interface Tracer {
  /**
   * Begins the span of a request; undefined where its trace is not recorded.
   * @param traceparent as the client sent it, '' where it did not; its sampled flag is honoured
   */
  begin(traceparent: string): RequestTrace | undefined;
  /** Sends what waits; resolves when the collector has it, or after `timeout` ms. Never rejects. */
  flush(timeout: number): Promise<void>;
}

/** Whatever causes a request to an origin. */
export interface SpanParent {
  /** Begins the span of one request to an origin. */
  origin(terms: OriginTerms): OriginSpan;
}

/** The span of a client's request. */
export interface RequestTrace extends SpanParent {
  /** A look-up is over that began at `start`, by `performance.now()`. @param found whether it has answered the request */
  lookedUp(start: number, found: boolean): void;
  /** Begins the span of a fill, which may outlive the client's request. */
  fill(): FillSpan;
  end(facts: RequestFacts): void;
}

/** The span of a fill of the cache. */
export interface FillSpan extends SpanParent {
  /** @param outcome `stored`, `refreshed`, `not-stored`, `failed` or `broken` */
  end(outcome: string): void;
}

/** The span of one request to an origin. */
export interface OriginSpan {
  /** What the origin is sent. */
  readonly traceparent: string;
  /** The head of the final answer is there. */
  answered(status: number): void;
  /** @param type of the error, as in Proxy-Status */
  failed(type: string): void;
  /** Calls after the first do nothing. */
  end(): void;
}

/** What is known of a request when it is over. */
export interface RequestFacts {
  readonly method: string;
  readonly scheme: string;
  /** Host field. */
  readonly host: string;
  /** Without the query. */
  readonly path: string;
  /** `1.1`. */
  readonly protocol: string;
  readonly status: number;
  readonly client: string;
  /** '' where no site answers. */
  readonly site: string;
  /** `hit`, `miss` and so on. */
  readonly cache: string;
  readonly requestId: string;
  readonly aborted: boolean;
}

export interface OriginTerms {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Without the query. */
  readonly path: string;
}
