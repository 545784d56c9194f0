import type { TracingConfig } from '../config/config.ts';
import type { Tracer } from './tracer.ts';

export type { Tracer } from './tracer.ts';

/** What a tracer is told of its surroundings. */
export interface TracerTerms {
  /** Version of lb. */
  readonly version: string;
  /** Tells this process apart from others of the service. */
  readonly instance: string;
  /** So many spans were taken by the collector, or dropped. */
  readonly count: (what: 'exported' | 'dropped', spans: number) => void;
}

/** A tracer where tracing is configured; OpenTelemetry is loaded only then. */
export async function openTracer(config: TracingConfig, terms: TracerTerms): Promise<Tracer | undefined> {
  const { endpoint } = config;
  if (endpoint === undefined) return undefined;
  const { createTracer } = await import('./opentelemetry.ts');
  return createTracer({ ...config, endpoint }, terms);
}
