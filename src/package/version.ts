/**
 * Natural order of versions, for ecosystems that define none.
 *
 * @module
 */

const TOKENS = /\d+|[^\d]+/g;
const DIGIT = /^\d/;

/** Compares runs of digits as numbers of any length. */
function compareNumbers(left: string, right: string): number {
  const a = left.replace(/^0+/, "");
  const b = right.replace(/^0+/, "");
  return a.length - b.length || (a < b ? -1 : Number(a > b));
}

function compareTokens(left: string, right: string): number {
  const leftIsNumber = DIGIT.test(left);
  const rightIsNumber = DIGIT.test(right);
  if (leftIsNumber && rightIsNumber) return compareNumbers(left, right);
  if (leftIsNumber !== rightIsNumber) return leftIsNumber ? -1 : 1;
  return left < right ? -1 : Number(left > right);
}

/**
 * Negative, zero or positive as `left` is older than, equal to or newer than `right`.
 *
 * Both are cut into runs of digits and runs of anything else. Runs are compared in turn: digits as numbers (`p98` before
 * `p195`, `01` equal to `1`), the rest by UTF-16 code units, digits before the rest. Where one ends first, it is older.
 * It is the same in every locale.
 */
export function compareNaturalVersions(left: string, right: string): number {
  const a = left.match(TOKENS) ?? [];
  const b = right.match(TOKENS) ?? [];
  for (let index = 0; index < a.length && index < b.length; index++) {
    const order = compareTokens(a[index] ?? "", b[index] ?? "");
    if (order !== 0) return order;
  }
  return a.length - b.length;
}
