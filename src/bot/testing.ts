import { createHash } from 'node:crypto';

/** What a challenge's page tells its script. */
export interface Puzzle {
  readonly puzzle: string;
  readonly difficulty: number;
}

/** @throws where the page has none */
export function puzzleOf(page: string): Puzzle {
  const found = /data-puzzle="([^"]*)" data-difficulty="(\d+)"/.exec(page);
  if (found === null) throw new Error('no puzzle in this page');
  return { puzzle: found[1], difficulty: Number(found[2]) };
}

/** A solution as the page's script sends it. @param from the first number that is tried */
export function solve({ puzzle, difficulty }: Puzzle, from = 0): string {
  const seed = puzzle.slice(puzzle.lastIndexOf('.') + 1);
  for (let n = from; ; n++) {
    const first = createHash('sha256').update(`${seed}${n}`).digest().readUInt32BE(0);
    if (Math.clz32(first) >= difficulty) return `${puzzle}.${n}`;
  }
}
