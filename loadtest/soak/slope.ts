/** How a figure grows over time: the slope of a straight line through it, and the 95% interval of that slope. */
export interface Slope {
  /** Per unit of time. */
  perUnit: number;
  /** -Infinity and Infinity with too few samples. */
  low: number;
  high: number;
}

export interface Point {
  x: number;
  y: number;
}

/** Blocks that samples are put together into. */
const BLOCKS = 20;
const FEWEST = 10;
/** Quantile 97.5% of the normal distribution. */
const NORMAL = 1.96;

/**
 * The median of the slopes between all pairs of points (Theil and Sen), with the interval that follows from the distribution of
 * Kendall's S (Sen 1968): neither asks how the scatter is distributed, and single outliers do not move them.
 */
export function slopeOf(points: readonly Point[]): Slope {
  const count = points.length;
  if (count < FEWEST) {
    return { perUnit: Number.NaN, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY };
  }
  const slopes = points
    .flatMap((a, i) => points.slice(i + 1).map((b) => (b.y - a.y) / (b.x - a.x)))
    .sort((a, b) => a - b);
  const half = (NORMAL * Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18)) / 2;
  const middle = (slopes.length - 1) / 2;
  return {
    perUnit: (slopes[Math.floor(middle)] + slopes[Math.ceil(middle)]) / 2,
    low: slopes[Math.max(0, Math.floor(middle - half))],
    high: slopes[Math.min(slopes.length - 1, Math.ceil(middle + half))],
  };
}

/**
 * The least values of blocks of equal duration: garbage that waits for its collection shows in all others, and samples that follow
 * one another are alike.
 */
export function leastOfBlocks(points: readonly Point[]): Point[] {
  const from = points[0]?.x ?? 0;
  const length = ((points.at(-1)?.x ?? 0) - from) / BLOCKS;
  const blocks = Array.from({ length: BLOCKS }, (): Point[] => []);
  for (const point of points) blocks[Math.min(BLOCKS - 1, Math.floor((point.x - from) / length)) || 0].push(point);
  return blocks
    .filter((own) => own.length > 0)
    .map((own) => ({ x: own.reduce((sum, { x }) => sum + x, 0) / own.length, y: Math.min(...own.map(({ y }) => y)) }));
}
