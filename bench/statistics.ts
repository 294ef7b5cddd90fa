/**
 * Numbers about numbers.
 *
 * @module
 */

/** The middle value; of an even count, the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median absolute deviation: how far from the median a value in the middle of all deviations is. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return median(values.map((value) => Math.abs(value - middle)));
}

/** Pair by pair, then the median: a machine that slows down slows both sides of a pair. */
export function medianOfPairs(
  ours: readonly number[],
  theirs: readonly number[],
  combine: (our: number, their: number) => number,
): number {
  if (ours.length !== theirs.length) throw new RangeError(`${ours.length} and ${theirs.length} values make no pairs`);
  return median(ours.map((our, at) => combine(our, theirs[at] ?? Number.NaN)));
}

/**
 * The power of `size` that `cost` grows with: the slope of the line of least squares through their logarithms. 1 is linear,
 * 2 quadratic. NaN with fewer than two sizes, or a size or cost that is not positive.
 */
export function growth(points: readonly { readonly size: number; readonly cost: number }[]): number {
  const logs = points.map(({ size, cost }) => ({ x: Math.log(size), y: Math.log(cost) }));
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const x = mean(logs.map((point) => point.x));
  const y = mean(logs.map((point) => point.y));
  const across = logs.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  return logs.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / across;
}
