import type { Case } from './cases.ts';
import type { Outcome } from './session.ts';
import { median } from './statistics.ts';

/** CPU per request after a change as a multiple of that before it: below 1 the change made lb cheaper. */
export interface Change {
  work: string;
  /** Median over the rounds; each compares two measurements that followed one another. */
  ratio: number;
  least: number;
  most: number;
}

/** What a change did to the cost of each case that both servers were measured in. */
export function changes(outcomes: readonly Outcome[], cases: readonly Case[], after: string, before: string): Change[] {
  return cases.flatMap(({ name }) => {
    const costs = (server: string) =>
      new Map(
        outcomes
          .find((outcome) => outcome.server === server && outcome.work === name)
          ?.samples.map(({ round, cpuMicrosPerRequest }) => [round, cpuMicrosPerRequest]),
      );
    const costsBefore = costs(before);
    const ratios = [...costs(after)].flatMap(([round, cost]) => {
      const other = costsBefore.get(round);
      return other === undefined ? [] : [cost / other];
    });
    if (ratios.length === 0) return [];
    return [{ work: name, ratio: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) }];
  });
}

/** The changes as text, one line each. */
export function changeLines(found: readonly Change[]): string {
  const width = Math.max(...found.map(({ work }) => work.length));
  const lines = found.map(
    ({ work, ratio, least, most }) =>
      `${work.padEnd(width)}  ${ratio.toFixed(3)} x before (${least.toFixed(3)} to ${most.toFixed(3)} over the rounds)`,
  );
  return ['CPU per request after the change:', ...lines].join('\n');
}
