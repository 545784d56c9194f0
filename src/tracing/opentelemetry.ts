// Spans by OpenTelemetry, with the stable names of its semantic conventions for HTTP. Loaded by open.ts alone.
import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AlwaysOnSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { TracingConfig } from '../config/config.ts';
import { parseTraceparent } from '../http/traceparent.ts';
import type { TracerTerms } from './open.ts';
import { SpanQueue } from './queue.ts';
import type { FillSpan, OriginSpan, OriginTerms, RequestFacts, RequestTrace, Tracer } from './tracer.ts';

/** How long the collector may take for one export, tries included, in ms. */
const EXPORT_TIMEOUT = 5000;

/** Methods that may name a span; others could be any number. */
const METHODS: ReadonlySet<string> = new Set('GET HEAD POST PUT DELETE PATCH OPTIONS CONNECT TRACE QUERY'.split(' '));

type Maker = ReturnType<TracerProvider['getTracer']>;

export function createTracer(config: TracingConfig & { endpoint: string }, terms: TracerTerms): Tracer {
  const exporter = new OTLPTraceExporter({
    url: `${config.endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: Object.fromEntries(config.headers.map(fieldOf)),
    timeoutMillis: EXPORT_TIMEOUT,
  });
  const queue = new SpanQueue(exporter, terms.count);
  const resource = resourceFromAttributes({
    'service.name': config.serviceName,
    'service.version': terms.version,
    'service.instance.id': terms.instance,
  });
  const provider = new TracerProvider({ resource, sampler: new AlwaysOnSampler(), spanProcessors: [queue] });
  return new RequestTracer(provider.getTracer('lb', terms.version), config.sample, queue);
}

function fieldOf(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

class RequestTracer implements Tracer {
  readonly #maker: Maker;
  readonly #sample: number;
  readonly #queue: SpanQueue;

  constructor(maker: Maker, sample: number, queue: SpanQueue) {
    this.#maker = maker;
    this.#sample = sample;
    this.#queue = queue;
  }

  begin(traceparent: string): RequestTrace | undefined {
    const parent = traceparent === '' ? undefined : parseTraceparent(traceparent);
    const isSampled = parent === undefined ? Math.random() < this.#sample : (parent.flags & 1) === 1;
    if (!isSampled) return undefined;
    const remote: SpanContext | undefined = parent && {
      traceId: parent.traceId,
      spanId: parent.spanId,
      traceFlags: 1,
      isRemote: true,
    };
    const context = remote === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote);
    return new ClientSpan(this.#maker, this.#maker.startSpan('HTTP', { kind: SpanKind.SERVER }, context));
  }

  async flush(timeout: number): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, timeout));
    await Promise.race([this.#queue.forceFlush(), late]);
  }
}

/** A span under which others begin. */
class Parent {
  readonly maker: Maker;
  readonly span: Span;
  readonly context: Context;
  /** Requests to origins so far: those after the first are tries again. */
  #asked = 0;
  #last: AskedSpan | undefined;

  constructor(maker: Maker, span: Span) {
    this.maker = maker;
    this.span = span;
    this.context = trace.setSpan(ROOT_CONTEXT, span);
  }

  origin(terms: OriginTerms): OriginSpan {
    this.#last = new AskedSpan(this.maker, this.context, terms, this.#asked++);
    return this.#last;
  }

  /** What was asked of an origin is over as well, at the latest. */
  close(): void {
    this.#last?.end();
    this.span.end();
  }
}

class ClientSpan extends Parent implements RequestTrace {
  lookedUp(start: number, found: boolean): void {
    const options = { startTime: performance.timeOrigin + start, attributes: { 'lb.lookup.found': found } };
    this.maker.startSpan('lookup', options, this.context).end();
  }

  fill(): FillSpan {
    return new StoringSpan(this.maker, this.maker.startSpan('fill', {}, this.context));
  }

  end(facts: RequestFacts): void {
    const { span } = this;
    const { method, status } = facts;
    span.updateName(METHODS.has(method) ? method : 'HTTP');
    span.setAttributes(methodAttributes(method));
    span.setAttributes(hostAttributes(facts.host, facts.scheme));
    span.setAttributes({
      'url.path': facts.path,
      'url.scheme': facts.scheme,
      'network.protocol.name': 'http',
      'network.protocol.version': facts.protocol,
      'client.address': facts.client,
      'lb.cache': facts.cache,
    });
    if (status > 0) span.setAttribute('http.response.status_code', status);
    if (facts.site !== '') span.setAttribute('lb.site', facts.site);
    if (facts.requestId !== '') span.setAttribute('lb.request_id', facts.requestId);
    if (status >= 500) failed(span, String(status));
    else if (facts.aborted) span.setAttribute('error.type', 'client_aborted');
    this.close();
  }
}

class StoringSpan extends Parent implements FillSpan {
  end(outcome: string): void {
    this.span.setAttribute('lb.fill.outcome', outcome);
    if (outcome === 'failed' || outcome === 'broken') this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}

/** One request to an origin. */
class AskedSpan implements OriginSpan {
  readonly traceparent: string;
  readonly #span: Span;

  constructor(maker: Maker, context: Context, terms: OriginTerms, before: number) {
    const { method, scheme, host, port, path } = terms;
    const attributes: Attributes = {
      ...methodAttributes(method),
      'server.address': host,
      'server.port': port,
      'url.scheme': scheme,
      'url.full': `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`,
    };
    if (before > 0) attributes['http.request.resend_count'] = before;
    const name = METHODS.has(method) ? method : 'HTTP';
    this.#span = maker.startSpan(name, { kind: SpanKind.CLIENT, attributes }, context);
    const { traceId, spanId } = this.#span.spanContext();
    this.traceparent = `00-${traceId}-${spanId}-01`;
  }

  answered(status: number): void {
    this.#span.setAttribute('http.response.status_code', status);
    if (status >= 400) failed(this.#span, String(status));
  }

  failed(type: string): void {
    failed(this.#span, type);
  }

  end(): void {
    if (this.#span.isRecording()) this.#span.end();
  }
}

function methodAttributes(method: string): Attributes {
  if (METHODS.has(method)) return { 'http.request.method': method };
  return { 'http.request.method': '_OTHER', 'http.request.method_original': method };
}

function hostAttributes(host: string, scheme: string): Attributes {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/.exec(host);
  if (match === null || host === '') return {};
  const port = match[2] === undefined ? { http: 80, https: 443 }[scheme] : Number(match[2]);
  return { 'server.address': match[1].replace(/^\[(.*)\]$/, '$1'), 'server.port': port };
}

function failed(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
