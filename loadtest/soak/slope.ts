/** How a figure grows over time: the slope of a straight line through it, and how far off that may be. */
export interface Slope {
  /** Per unit of time. */
  perUnit: number;
  /** Half the width of the 95% interval; Infinity with too few samples. */
  margin: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Blocks that the samples are put together into. */
const BLOCKS = 20;
/** Quantile 97.5% of Student's distribution with 18 degrees of freedom. */
const STUDENT = 2.101;

/**
 * Fits a line through the least values of blocks of equal duration: garbage that waits for its collection shows in all others.
 * Samples that follow one another are alike, so that the scatter of single ones would promise far more than is known.
 */
export function slopeOf(points: readonly Point[]): Slope {
  const blocks = inBlocks(points);
  if (blocks.length < BLOCKS) return { perUnit: Number.NaN, margin: Number.POSITIVE_INFINITY };
  const meanX = mean(blocks.map(({ x }) => x));
  const meanY = mean(blocks.map(({ y }) => y));
  const spreadX = sum(blocks.map(({ x }) => (x - meanX) ** 2));
  const perUnit = sum(blocks.map(({ x, y }) => (x - meanX) * (y - meanY))) / spreadX;
  const rest = sum(blocks.map(({ x, y }) => (y - meanY - perUnit * (x - meanX)) ** 2));
  return { perUnit, margin: STUDENT * Math.sqrt(rest / (blocks.length - 2) / spreadX) };
}

function inBlocks(points: readonly Point[]): Point[] {
  const from = points[0]?.x ?? 0;
  const length = ((points.at(-1)?.x ?? 0) - from) / BLOCKS;
  return Array.from({ length: BLOCKS }, (_, block) => {
    const own = points.filter(({ x }) => Math.min(BLOCKS - 1, Math.floor((x - from) / length)) === block);
    return { x: mean(own.map(({ x }) => x)), y: Math.min(...own.map(({ y }) => y)), count: own.length };
  }).filter(({ count }) => count > 0);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
