/**
 * What a row is to reach: the bar, which holds, and the aim, which is as far as the work can be seen to go.
 *
 * @module
 */

/**
 * How a value is to be read.
 *
 * - `times`: our time divided by theirs
 * - `more`: milliseconds that ours takes more than theirs
 * - `faster`: their time divided by ours; the only one of which more is better
 * - `memory`: bytes of our largest run
 * - `power`: the power of the size that our time grows with
 */
export type GoalKind = "times" | "more" | "faster" | "memory" | "power";

export interface Goal {
  readonly kind: GoalKind;
  readonly bar: number;
  readonly aim: number;
}

export type Verdict = "aim" | "bar" | "MISS";

/** Which of a goal's two marks a value reaches. A value that could not be taken reaches none. */
export function judge({ kind, bar, aim }: Goal, value: number): Verdict {
  const reaches = (mark: number) => (kind === "faster" ? value >= mark : value <= mark);
  if (reaches(aim)) return "aim";
  return reaches(bar) ? "bar" : "MISS";
}

/** A value of a kind, for people: `0.38 ×`, `+12 ms`, `7.1 × faster`, `83 MB`, `n^1.02`. */
export function formatValue(kind: GoalKind, value: number): string {
  if (!Number.isFinite(value)) return "–";
  switch (kind) {
    case "times":
      return `${value.toFixed(value < 0.1 ? 3 : 2)} ×`;
    case "more":
      return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(0)} ms`;
    case "faster":
      return `${value.toFixed(1)} × faster`;
    case "memory":
      return `${(value / 1e6).toFixed(0)} MB`;
    case "power":
      return `n^${value.toFixed(2)}`;
  }
}

/** A mark, for people: `≤ 0.40 ×`. */
export function formatMark(kind: GoalKind, mark: number): string {
  return `${kind === "faster" ? "≥" : "≤"} ${formatValue(kind, mark)}`;
}
