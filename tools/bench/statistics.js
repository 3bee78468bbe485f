// Medians and spreads, formatted for the tables.

/**
 * @param {number[]} values at least one
 * @param {number} share 0.5 for the median
 */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (place % 1) * (high - low);
}

/** @param {number[]} values at least one */
export const median = (values) => quantile(values, 0.5);

/** Three digits exceed the precision of any measurement here. @param {number} value */
export const digits = (value) => value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);

/** @param {number[] | undefined} values */
export function spread(values) {
  if (values === undefined) return "–";
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  return `${digits(median(values))} (${digits(lowest)}–${digits(highest)})`;
}
