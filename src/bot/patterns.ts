/** Which of many patterns is found in a text, without trying them all. */

/** UTF-16 units that index a pattern: a text without them cannot match it. */
const GRAM = 4;

interface Pattern<T> {
  readonly source: string;
  readonly value: T;
  /** Position in the list: the first that matches counts. */
  readonly rank: number;
  test: RegExp | undefined;
}

/** Patterns by four characters that each of them has. */
export class PatternIndex<T> {
  readonly #byGram = new Map<number, Pattern<T>[]>();
  /** Those without any that they surely have. */
  readonly #others: Pattern<T>[] = [];

  constructor(patterns: readonly (readonly [source: string, value: T])[]) {
    const grams = patterns.map(([source]) => gramsOf(source));
    const uses = new Map<number, number>();
    for (const gram of grams.flat()) uses.set(gram, (uses.get(gram) ?? 0) + 1);
    for (const [rank, [source, value]] of patterns.entries()) {
      const pattern = { source, value, rank, test: undefined };
      const [rarest] = grams[rank].sort((a, b) => (uses.get(a) ?? 0) - (uses.get(b) ?? 0));
      if (rarest === undefined) this.#others.push(pattern);
      else this.#byGram.set(rarest, [...(this.#byGram.get(rarest) ?? []), pattern]);
    }
  }

  /** The value of the first pattern in the list that matches. */
  find(text: string): T | undefined {
    let found = firstOf(this.#others, text, undefined);
    let gram = 0;
    for (let i = 0; i < text.length; i++) {
      gram = ((gram << 7) | (text.charCodeAt(i) & 127)) & 0xfffffff;
      const candidates = i < GRAM - 1 ? undefined : this.#byGram.get(gram);
      if (candidates !== undefined) found = firstOf(candidates, text, found);
    }
    return found?.value;
  }
}

function firstOf<T>(candidates: Pattern<T>[], text: string, found: Pattern<T> | undefined): Pattern<T> | undefined {
  let best = found;
  for (const candidate of candidates) {
    if (best !== undefined && best.rank <= candidate.rank) continue;
    candidate.test ??= new RegExp(candidate.source);
    if (candidate.test.test(text)) best = candidate;
  }
  return best;
}

/** Runs of characters that every match has, by fours. None where the pattern has alternatives, groups or the like. */
function gramsOf(source: string): number[] {
  if (/(?<!\\)[|()]/.test(source)) return [];
  const grams: number[] = [];
  for (const run of literalRuns(source)) {
    for (let at = 0; at + GRAM <= run.length; at++) {
      let gram = 0;
      for (let i = at; i < at + GRAM; i++) gram = (gram << 7) | (run.charCodeAt(i) & 127);
      grams.push(gram);
    }
  }
  return grams;
}

function literalRuns(source: string): string[] {
  const runs = [''];
  const end = () => runs.push('');
  // a set, an escape, a quantifier, or one character
  for (const [token] of source.matchAll(/\[(?:\\.|[^\]])*\]|\\.|\{[^}]*\}|./gs)) {
    if (/^[*?{]/.test(token)) {
      runs.push(`${runs.pop()}`.slice(0, -1));
      end();
    } else if (/^(?:\[|\\[A-Za-z0-9]|[.^$+])/.test(token)) end();
    else runs.push(`${runs.pop()}${token.at(-1)}`);
  }
  return runs;
}
