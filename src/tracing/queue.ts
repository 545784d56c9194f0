import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import type { TracerTerms } from './open.ts';

/** Spans that may wait; further ones are dropped. */
const MAX_WAITING = 4096;
/** Spans of one export: few enough to be put into bytes between two requests. */
const BATCH = 128;
/** How long a span may wait for others, in ms. */
const DELAY = 1000;
/** Exports under way at once. */
const MAX_EXPORTS = 2;

/**
 * Spans on their way to the collector. The SDK's own queue does not say how many spans it has dropped; this one counts
 * every span, exported or not. It never waits for the collector.
 */
export class SpanQueue implements SpanProcessor {
  readonly #exporter: SpanExporter;
  readonly #count: TracerTerms['count'];
  #waiting: ReadableSpan[] = [];
  #exports = 0;
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #flushed: (() => void)[] = [];

  constructor(exporter: SpanExporter, count: TracerTerms['count']) {
    this.#exporter = exporter;
    this.#count = count;
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if (this.#waiting.length >= MAX_WAITING) {
      this.#count('dropped', 1);
      return;
    }
    this.#waiting.push(span);
    if (this.#waiting.length >= BATCH) this.#exportSoon();
    else this.#timer ??= setTimeout(() => this.#exportSoon(), DELAY).unref();
  }

  /** Not within the callback of a request. */
  #exportSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#scheduled || this.#exports >= MAX_EXPORTS) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#export();
    });
  }

  #export(): void {
    if (this.#waiting.length === 0 || this.#exports >= MAX_EXPORTS) return;
    const batch = this.#waiting.splice(0, BATCH);
    this.#exports++;
    const done = (isTaken: boolean) => {
      this.#exports--;
      this.#count(isTaken ? 'exported' : 'dropped', batch.length);
      if (this.#waiting.length >= BATCH || this.#flushed.length > 0) this.#exportSoon();
      else if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#exportSoon(), DELAY).unref();
      if (this.#exports === 0 && this.#waiting.length === 0) for (const tell of this.#flushed.splice(0)) tell();
    };
    try {
      this.#exporter.export(batch, ({ code }) => done(code === 0));
    } catch {
      done(false);
    }
  }

  forceFlush(): Promise<void> {
    if (this.#waiting.length === 0 && this.#exports === 0) return Promise.resolve();
    const flushed = new Promise<void>((resolve) => this.#flushed.push(resolve));
    this.#exportSoon();
    return flushed;
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    await this.#exporter.shutdown();
  }
}
