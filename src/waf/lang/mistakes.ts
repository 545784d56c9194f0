/** What is wrong with rule files, and how it is told. */

import type { Place } from './rule.ts';

/** One thing that is wrong. */
export interface Mistake {
  readonly place: Place;
  readonly message: string;
  /** What to do about it. */
  readonly fix: string;
}

/** Mistakes told at once; further ones are counted only. */
const MOST_MISTAKES = 20;

/** `rules.conf:12: unknown operator @contain: did you mean @contains?` */
export function formatMistake({ place, message, fix }: Mistake): string {
  const at = place.line > 0 ? `${place.file}:${place.line}` : place.file;
  return `${at}: ${message}: ${fix}`;
}

/** Rules that cannot be used. The only error that reading rules throws. */
export class RuleErrors extends Error {
  readonly mistakes: readonly Mistake[];
  /** How many there are beyond those. */
  readonly further: number;

  constructor(mistakes: readonly Mistake[], further: number) {
    const rest = further > 0 ? [`and ${further} more`] : [];
    super([...mistakes.map(formatMistake), ...rest].join('\n'));
    this.name = 'RuleErrors';
    this.mistakes = mistakes;
    this.further = further;
  }
}

/** What a parser throws within one directive, whose place its reader knows. */
export class Misuse extends Error {
  readonly fix: string;

  constructor(message: string, fix: string) {
    super(message);
    this.fix = fix;
  }
}

/** Gathers mistakes. */
export class Mistakes {
  readonly #found: Mistake[] = [];
  #further = 0;

  add(place: Place, message: string, fix: string): void {
    if (this.#found.length < MOST_MISTAKES) this.#found.push({ place, message, fix });
    else this.#further += 1;
  }

  /** Runs something about what stands at a place; undefined where that is misused. */
  at<T>(place: Place, run: () => T): T | undefined {
    try {
      return run();
    } catch (error) {
      if (!(error instanceof Misuse)) throw error;
      this.add(place, error.message, error.fix);
      return undefined;
    }
  }

  /** @throws RuleErrors where there is any */
  throwIfAny(): void {
    if (this.#found.length > 0) throw new RuleErrors(this.#found, this.#further);
  }
}
