/**
 * What is still wanted, and which package to choose for it next.
 *
 * First come wants that only one name can meet, where just the version is open; then those where a preference settles the
 * name; then those where nothing does. So a name is only guessed when nothing else is left to force it.
 *
 * @module
 */

import type { Package } from "../package/package.js";
import type { Assignment } from "./assignment.js";
import { spend } from "./budget.js";
import { isNamesake } from "./candidates.js";
import type { Problem, Want } from "./problem.js";

/** A package that was chosen for a want. */
export interface Choice {
  readonly want: Want;
  readonly id: number;
  /** The names that would have done as well, as the packages of each that was most wanted; fewer than two if none. */
  readonly rivals: readonly number[];
}

/** How much is settled: only the version is open, a preference settles the name, or nothing does. */
type Tier = 0 | 1 | 2;

type Cursors = [number, number, number];

/** A list that only grows between choices, and a cursor for each tier: what lies before it needs no more look. */
export interface Agenda {
  /** Numbers of wants of the packages that are in, in the order in which these came in. */
  readonly wants: number[];
  readonly cursors: Cursors;
  /** How much of the trail is on the list. */
  seen: number;
  push(choice: Choice): void;
  undo(level: number): void;
  made(): readonly Choice[];
}

export function createAgenda(problem: Problem): Agenda {
  const marks: {
    readonly choice: Choice;
    readonly length: number;
    readonly cursors: Cursors;
    readonly seen: number;
  }[] = [];
  const agenda: Agenda = {
    wants: [...problem.roots],
    cursors: [0, 0, 0],
    seen: 0,
    push(choice) {
      const { wants, cursors, seen } = agenda;
      marks.push({ choice, length: wants.length, cursors: [...cursors], seen });
    },
    undo(level) {
      const mark = marks[level];
      if (mark === undefined) return;
      marks.length = level;
      agenda.wants.length = mark.length;
      agenda.cursors.splice(0, 3, ...mark.cursors);
      agenda.seen = mark.seen;
    },
    made: () => marks.map(({ choice }) => choice),
  };
  return agenda;
}

/** Puts the wants of what came in on the list. */
function refresh(problem: Problem, { trail }: Assignment, agenda: Agenda): void {
  for (; agenda.seen < trail.length; agenda.seen++) {
    const literal = trail[agenda.seen] as number;
    if ((literal & 1) === 1) continue;
    for (const want of problem.wantsOf[literal >> 1] ?? []) agenda.wants.push(want);
  }
}

/** The first package of each name among those of the first alternative that is still possible. */
function rivalsOf({ candidates }: Problem, want: Want, values: Int8Array): readonly number[] {
  for (const [index, group] of want.groups.entries()) {
    const open = group.filter((id) => values[id] === 0);
    if (open.length === 0) continue;
    const requirement = want.anyOf[index];
    const isReal = (id: number) =>
      requirement !== undefined && isNamesake(candidates.packages[id] as Package, requirement);
    const real = open.filter(isReal);
    const preferred = open.filter((id) => want.preferred.has(id));
    const byFamily = new Map<number, number>();
    for (const id of [preferred, real].find((ids) => ids.length > 0) ?? open) {
      const family = candidates.families[id] as number;
      if (!byFamily.has(family)) byFamily.set(family, id);
    }
    return [...byFamily.values()];
  }
  return [];
}

interface Standing extends Choice {
  readonly tier: Tier;
}

/** How a want stands; undefined when it is met. */
function judge(problem: Problem, { values }: Assignment, want: Want): Standing | undefined {
  const { families } = problem.candidates;
  let id: number | undefined;
  let sameName = true;
  spend(problem.budget, want.members.length);
  for (const member of want.members) {
    if (values[member] === 1) return undefined;
    if (values[member] === -1) continue;
    if (id === undefined) id = member;
    else sameName &&= families[member] === families[id];
  }
  if (id === undefined) throw new Error("a want without hope was not followed up");
  if (sameName) return { want, id, rivals: [], tier: 0 };
  if (want.lenient || problem.isSettled(id)) return { want, id, rivals: [], tier: 1 };
  const rivals = rivalsOf(problem, want, values);
  return { want, id, rivals, tier: rivals.length > 1 ? 2 : 1 };
}

/** The next package to choose, or undefined when nothing is wanted any more. */
export function chooseNext(problem: Problem, assignment: Assignment, agenda: Agenda): Choice | undefined {
  refresh(problem, assignment, agenda);
  const { wants, cursors } = agenda;
  for (const tier of [0, 1] as const) {
    for (; cursors[tier] < wants.length; cursors[tier]++) {
      const standing = judge(problem, assignment, problem.wants[wants[cursors[tier]] as number] as Want);
      if (standing && standing.tier <= tier) return standing;
    }
  }
  let guess: Choice | undefined;
  for (let at = cursors[2]; at < wants.length; at++) {
    const standing = judge(problem, assignment, problem.wants[wants[at] as number] as Want);
    if (standing && standing.tier < 2) return standing;
    guess ??= standing;
    if (guess === undefined) cursors[2] = at + 1;
  }
  return guess;
}

/** Is it a choice that somebody has to make? */
export function isGuess({ rivals }: Choice): boolean {
  return rivals.length > 1;
}
