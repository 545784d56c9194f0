/** Costs of small pieces of work that a busy machine shakes little: least of many short repetitions, beside a fixed loop. */

export interface Step {
  name: string;
  /** Does it `times` times; what it returns is only there so that nothing is left out. */
  run(times: number): number | Promise<number>;
}

export interface Cost {
  /** Least time for one, in nanoseconds: depends on the machine, and on its clock at that moment. */
  ns: number;
  /** The same as a multiple of one round of the fixed loop in the same run: what is compared. */
  ratio: number;
}

/**
 * Length of one repetition in microseconds: so short that some are not interrupted. By the clock: systems give processor time in
 * steps that may be ten times as long.
 */
const SLICE = 1000;

/** Words that the fixed loop walks through: they fit the first-level cache. */
const WORDS = new Int32Array(2048).map((_, i) => Math.imul(i, 0x9e3779b1));

let sink = 0;

/** Arithmetic and memory of the kind that a request needs, and nothing that a change of lb could make faster. */
function loop(times: number): number {
  let sum = 0;
  for (let n = 0; n < times; n++) {
    for (let i = 0, at = n & 2047; i < 64; i++) {
      sum = (Math.imul(sum ^ WORDS[at], 0x85ebca6b) << 13) | (sum >>> 19);
      at = (at + (sum & 7) + 1) & 2047;
    }
  }
  return sum;
}

const FIXED: Step = { name: 'fixed loop', run: loop };

async function once(step: Step, times: number): Promise<number> {
  const begin = performance.now();
  sink = (sink + (await step.run(times))) | 0;
  return (performance.now() - begin) * 1000;
}

/** How many make up a repetition; the work is warm then. */
async function sized(step: Step): Promise<number> {
  let times = 64;
  for (let turn = 0; turn < 40; turn++) {
    const micros = await once(step, times);
    if (micros < SLICE) times = Math.ceil(times * (micros < SLICE / 4 ? 4 : SLICE / micros + 0.05));
    else if (micros > SLICE * 2) times = Math.ceil((times * SLICE) / micros);
  }
  return times;
}

/** Measures steps in turn with each other and with the fixed loop. @param rounds repetitions of each */
export async function measure(steps: readonly Step[], rounds: number): Promise<Map<string, Cost>> {
  const all = [FIXED, ...steps];
  const sizes: number[] = [];
  for (const step of all) sizes.push(await sized(step));
  const least = all.map(() => Number.POSITIVE_INFINITY);
  for (let round = 0; round < rounds; round++) {
    for (const [i, step] of all.entries()) least[i] = Math.min(least[i], (await once(step, sizes[i])) / sizes[i]);
  }
  return new Map(steps.map(({ name }, i) => [name, { ns: least[i + 1] * 1000, ratio: least[i + 1] / least[0] }]));
}

/** Bytes that one leaves to the garbage collector: growth of the heap over `times`, where no collection came between. */
export async function garbage(step: Step, times: number): Promise<number> {
  const part = 1000;
  await step.run(part * 20);
  let bytes = 0;
  let counted = 0;
  for (let done = 0; done < times; done += part) {
    const before = process.memoryUsage().heapUsed;
    await step.run(part);
    const grown = process.memoryUsage().heapUsed - before;
    if (grown < 0) continue;
    bytes += grown;
    counted += part;
  }
  return bytes / counted;
}
