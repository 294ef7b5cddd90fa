/**
 * What the search holds true at the moment, and why.
 *
 * A literal is twice a package's place when the package is in, and one more when it is out. A reason is the number of a
 * clause, or `-2 - package` where that package excludes the literal's, or {@link NO_REASON}.
 *
 * @module
 */

export const NO_REASON = -1;

export interface Assignment {
  /** 1 in, -1 out, 0 open. */
  readonly values: Int8Array;
  /** How many choices had been made when the value was set. */
  readonly levels: Int32Array;
  readonly reasons: Int32Array;
  /** Literals in the order in which they came true. */
  readonly trail: number[];
  /** Length of the trail before each choice. */
  readonly choices: number[];
  /** How much of the trail has been followed up. */
  head: number;
}

export function createAssignment(size: number): Assignment {
  return {
    values: new Int8Array(size),
    levels: new Int32Array(size),
    reasons: new Int32Array(size),
    trail: [],
    choices: [],
    head: 0,
  };
}

/** 1 true, -1 false, 0 open. */
export function truthOf({ values }: Assignment, literal: number): number {
  const value = values[literal >> 1] as number;
  return (literal & 1) === 0 ? value : -value;
}

/** Makes an open literal true. */
export function assign(assignment: Assignment, literal: number, reason: number): void {
  const id = literal >> 1;
  assignment.values[id] = (literal & 1) === 0 ? 1 : -1;
  assignment.levels[id] = assignment.choices.length;
  assignment.reasons[id] = reason;
  assignment.trail.push(literal);
}

/** Takes back every choice above `level`, and what followed from it. */
export function undo(assignment: Assignment, level: number): void {
  const length = assignment.choices[level];
  if (length === undefined) return;
  for (let index = assignment.trail.length - 1; index >= length; index--) {
    assignment.values[(assignment.trail[index] as number) >> 1] = 0;
  }
  assignment.trail.length = length;
  assignment.choices.length = level;
  assignment.head = length;
}
