/**
 * The search: complete, without recursion, and the best in the order of preferences.
 *
 * Packages are chosen one by one where a want is still open; what follows from a choice is followed up at once; a clash is
 * learned from and the choice that led there is taken back. As only what follows from the problem is learned, each choice in
 * the end is the most wanted one that the choices before it allow, and a solution is found exactly when there is one.
 *
 * @module
 */

import { type Agenda, type Choice, chooseNext, createAgenda } from "./agenda.js";
import { type Assignment, assign, createAssignment, NO_REASON, truthOf, undo } from "./assignment.js";
import { spend } from "./budget.js";
import { addClause, type Clash, type Clauses, createClauses, followClauses } from "./clauses.js";
import { followExclusions, type Rules } from "./exclusions.js";
import { learn } from "./learn.js";
import { type Problem, RECIPE } from "./problem.js";

/** Steps that one literal of a learned clause counts for, since it is kept. */
const KEPT_STEPS = 20;

export interface SearchOptions {
  /** Packages that are in from the start. */
  readonly include?: readonly number[];
  /** Packages that are out from the start. */
  readonly exclude?: readonly number[];
  /** What excludes what (all that the problem says). */
  readonly rules?: Rules;
}

/** What was found. */
export interface Found {
  /** The packages that are in. */
  readonly chosen: ReadonlySet<number>;
  /** The choices that were made; the rest followed. */
  readonly choices: readonly Choice[];
}

interface State {
  readonly problem: Problem;
  readonly rules: Rules;
  readonly assignment: Assignment;
  readonly clauses: Clauses;
}

/** Follows up everything that came true. */
function propagate({ problem, rules, assignment, clauses }: State): Clash | undefined {
  while (assignment.head < assignment.trail.length) {
    const literal = assignment.trail[assignment.head++] as number;
    const clash =
      ((literal & 1) === 0 ? followExclusions(problem, rules, assignment, literal >> 1) : undefined) ??
      followClauses(clauses, assignment, literal ^ 1, problem.budget);
    if (clash) return clash;
  }
  return undefined;
}

/** Makes a literal true for good. False where that cannot be. */
function force({ assignment }: State, literal: number): boolean {
  const value = truthOf(assignment, literal);
  if (value === 0) assign(assignment, literal, NO_REASON);
  return value !== -1;
}

/** A fresh state with a clause for each want. Undefined where one cannot be met at all. */
function createState(problem: Problem, { include = [], exclude = [], rules = "all" }: SearchOptions, roots: boolean) {
  const size = problem.candidates.packages.length;
  const state: State = { problem, rules, assignment: createAssignment(size), clauses: createClauses() };
  let possible = true;
  for (const { owner, members } of problem.wants) {
    if (owner === RECIPE && !roots) continue;
    const literals = members.map((id) => 2 * id);
    if (owner !== RECIPE) literals.unshift(2 * owner + 1);
    spend(problem.budget, 10 + literals.length);
    const [first, second] = literals;
    if (second !== undefined) addClause(state.clauses, literals);
    else possible &&= first !== undefined && force(state, first);
  }
  for (const id of include) possible &&= force(state, 2 * id);
  for (const id of exclude) possible &&= force(state, 2 * id + 1);
  return possible ? state : undefined;
}

/** Turns a clash into a lesson, and goes back to where it says something. False where there is nowhere to go. */
function retreat({ problem, assignment, clauses }: State, agenda: Agenda, clash: Clash): boolean {
  if (assignment.choices.length === 0) return false;
  const { literals, level } = learn(assignment, clauses, clash);
  spend(problem.budget, KEPT_STEPS * literals.length);
  undo(assignment, level);
  agenda.undo(level);
  const clause = literals.length > 1 ? addClause(clauses, literals) : NO_REASON;
  assign(assignment, literals[0] as number, clause);
  return true;
}

/**
 * Finds the packages that meet every request, or undefined when there are none.
 *
 * @throws {LadingError} `TOO_LARGE` when the search takes too many steps.
 */
export function search(problem: Problem, options: SearchOptions = {}): Found | undefined {
  const state = createState(problem, options, true);
  if (state === undefined) return undefined;
  const { assignment } = state;
  const agenda = createAgenda(problem);
  for (;;) {
    const clash = propagate(state);
    if (clash) {
      if (!retreat(state, agenda, clash)) return undefined;
      continue;
    }
    const choice = chooseNext(problem, assignment, agenda);
    if (choice === undefined) {
      const chosen = assignment.trail.filter((literal) => (literal & 1) === 0).map((literal) => literal >> 1);
      return { chosen: new Set(chosen), choices: agenda.made() };
    }
    agenda.push(choice);
    assignment.choices.push(assignment.trail.length);
    assign(assignment, 2 * choice.id, NO_REASON);
  }
}

/** The packages that no set of packages could hold, whatever excludes what: something that they want is not there. */
export function findImpossible(problem: Problem): ReadonlySet<number> {
  // Without requests and exclusions nothing can clash: leaving every package out is a solution.
  const state = createState(problem, { rules: new Map() }, false);
  if (state === undefined) return new Set();
  propagate(state);
  return new Set(state.assignment.trail.map((literal) => literal >> 1));
}
