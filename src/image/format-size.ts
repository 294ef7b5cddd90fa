/**
 * Sizes for people.
 *
 * @module
 */

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** A size for people: `45.1 MB`, in powers of 1000. Below 0 with a sign. */
export function formatSize(bytes: number): string {
  let value = Math.abs(bytes);
  let unit = 0;
  while (value >= 999.95 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${bytes < 0 ? "-" : ""}${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}
