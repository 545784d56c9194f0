import type { Outcome } from './outcome.ts';

export interface Failure {
  readonly what: string;
  readonly reason: string;
}

/** Failures kept by name; the others are counted. */
const MAX_FAILURES = 1000;

/** Failures shown to people. */
const SHOWN = 20;

/** Counts what became of the fetches. */
export class Tally {
  fetched = 0;
  hits = 0;
  stored = 0;
  failed = 0;
  /** Body bytes. */
  bytes = 0;
  readonly passed = new Map<string, number>();
  readonly failures: Failure[] = [];
  readonly #started = performance.now();

  add(what: string, outcome: Outcome, bytes: number): void {
    this.fetched++;
    this.bytes += bytes;
    if (outcome.kind === 'failed') this.fail(what, outcome.reason);
    else if (outcome.kind === 'passed') this.passed.set(outcome.reason, (this.passed.get(outcome.reason) ?? 0) + 1);
    else if (outcome.kind === 'hit') this.hits++;
    else this.stored++;
  }

  /** Something that was not fetched, or not to the end. */
  fail(what: string, reason: string): void {
    this.failed++;
    if (this.failures.length < MAX_FAILURES) this.failures.push({ what, reason });
  }

  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  get notStored(): number {
    return [...this.passed.values()].reduce((sum, count) => sum + count, 0);
  }

  /** One line for while it runs. */
  line(): string {
    const { fetched, hits, stored, failed, bytes, notStored } = this;
    const rate = Math.round(fetched / Math.max(this.seconds, 0.001));
    return `${fetched} fetched: ${stored} stored, ${hits} cached already, ${notStored} not stored, ${failed} failed, ${size(bytes)}, ${rate}/s`;
  }

  /** For `--json`. */
  json(interrupted: boolean): object {
    const { fetched, hits, stored, failed, failures, bytes } = this;
    return {
      fetched,
      already_cached: hits,
      stored,
      not_stored: this.notStored,
      not_stored_by_reason: Object.fromEntries(this.#reasons()),
      failed,
      failures,
      bytes,
      seconds: Math.round(this.seconds * 1000) / 1000,
      interrupted,
    };
  }

  /** For people, at the end. */
  text(): string {
    const lines = [
      row('fetched', this.fetched, `${size(this.bytes)} in ${this.seconds.toFixed(1)} s`),
      row('stored', this.stored),
      row('cached already', this.hits),
      row('not stored', this.notStored),
      ...this.#reasons().map(([reason, count]) => row('', count, reason)),
      row('failed', this.failed),
      ...this.failures.slice(0, SHOWN).map(({ what, reason }) => `  ${what}: ${reason}`),
    ];
    if (this.failed > SHOWN) lines.push(`  and ${this.failed - SHOWN} more; --json lists ${MAX_FAILURES}`);
    return `${lines.join('\n')}\n`;
  }

  /** The most frequent first. */
  #reasons(): [reason: string, count: number][] {
    return [...this.passed].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }
}

function row(name: string, count: number, note = ''): string {
  return `${name.padEnd(15)}${String(count).padStart(8)}  ${note}`.trimEnd();
}

/** `1.5 MB` */
function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const [unit, name] = bytes < 1e6 ? [1e3, 'kB'] : bytes < 1e9 ? [1e6, 'MB'] : [1e9, 'GB'];
  return `${(bytes / unit).toFixed(1)} ${name}`;
}
