/**
 * Reading policy documents (`.pol`).
 *
 * ```text
 * document:  policy …
 * policy:    [on] TYPE::/NAMESPACE[::NAME] { rule … }
 * rule:      block | if ( condition ) block
 * block:     { (claim | rule) … }                      claims end with the line, with ; or with the block
 * claim:     NAME [VALUE [,] …]
 * condition: test | ( condition ) | condition && condition | condition || condition
 * test:      dependency equals TYPE.NAME               || binds less than &&
 * ```
 *
 * Documents also say what has nothing to do with packages (who may do what, quotas, times): that is read and passed over.
 *
 * @module
 */

import { isLadingError } from "../errors.js";
import { parseFqn } from "../package/fqn.js";
import { nearest } from "../package/nearest.js";
import { isCapabilityType, parseRequirement } from "../package/requirement.js";
import type { Condition, Policy, PolicyAction, PolicyRule, Realm } from "./policy.js";
import { lexPolicy, type PolicyToken, refusePolicy, shown } from "./policy-lexer.js";

const ACTIONS: readonly PolicyAction[] = ["allow", "default", "lock", "retire"];
/** Blocks and parentheses within each other. */
const MAX_DEPTH = 64;

/** A condition that lading does not judge: it may stand around what is passed over. */
interface Foreign {
  readonly kind: "foreign";
  readonly text: string;
}
type Judged = Condition | Foreign;

interface Reader {
  readonly path: string;
  readonly tokens: readonly PolicyToken[];
  readonly rules: PolicyRule[];
  at: number;
}

/** What stands around a claim. */
interface Around {
  readonly type: string;
  readonly realm: Realm | undefined;
  readonly when: readonly Judged[];
  readonly depth: number;
}

const peek = ({ tokens, at }: Reader) => tokens[Math.min(at, tokens.length - 1)] as PolicyToken;
const refuse = ({ path }: Reader, token: PolicyToken, why: string) => refusePolicy(path, token, why);
const isMark = ({ kind, text }: PolicyToken, mark: string) => kind === "mark" && text === mark;

function describe({ kind, text }: PolicyToken): string {
  if (kind === "end") return "the document ends";
  return kind === "newline" ? "the line ends" : `${shown(text)} stands here`;
}

/** Passes over line ends. */
function skipLines(reader: Reader): PolicyToken {
  while (peek(reader).kind === "newline") reader.at++;
  return peek(reader);
}

function expectMark(reader: Reader, mark: string, where: string): void {
  const token = skipLines(reader);
  if (!isMark(token, mark)) throw refuse(reader, token, `${describe(token)}, expected "${mark}" ${where}`);
  reader.at++;
}

/** Calls `parse`; what it says of a text becomes an error at the token. */
function parsed<T>(reader: Reader, token: PolicyToken, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!isLadingError(error, "SYNTAX")) throw error;
    throw refuse(reader, token, error.message);
  }
}

/** `/ns` or `/ns::name`, after its type. */
function readRealm(text: string): Realm {
  if (text.includes("::")) return parseFqn(`package::${text}`);
  return { namespace: parseFqn(`package::${text}::any`).namespace };
}

function parseTarget(reader: Reader, token: PolicyToken): Realm {
  const text = token.text.replace(/^package::/, "");
  if (!text.startsWith("/")) {
    const wanted = "package::/namespace or package::/namespace::name";
    throw refuse(reader, token, `${shown(token.text)} names no package, expected ${wanted}`);
  }
  return parsed(reader, token, () => readRealm(text));
}

function parseTest(reader: Reader): Judged {
  const words: PolicyToken[] = [];
  for (;;) {
    const token = skipLines(reader);
    const isPart = token.kind === "word" || token.kind === "string" || isMark(token, "!") || isMark(token, ",");
    if (!isPart) break;
    words.push(token);
    reader.at++;
  }
  const [subject, comparator, value, ...rest] = words;
  if (subject === undefined) {
    throw refuse(reader, peek(reader), `${describe(peek(reader))}, expected a condition: dependency equals TYPE.NAME`);
  }
  if (subject.text !== "dependency") return { kind: "foreign", text: words.map(({ text }) => text).join(" ") };
  if (comparator?.text !== "equals" || value === undefined || rest.length > 0) {
    throw refuse(reader, comparator ?? subject, "a condition on a dependency is written dependency equals TYPE.NAME");
  }
  const { type, name } = parsed(reader, value, () => parseRequirement(value.text));
  if (!isCapabilityType(/^[a-z]+(?=\s*[.=:])/.exec(value.text)?.[0])) {
    throw refuse(reader, value, `${shown(value.text)} has no type, expected os, runtime, file or package: TYPE.NAME`);
  }
  return { kind: "dependency", requirement: { type, name } };
}

function join(kind: "all" | "any", of: readonly Judged[]): Judged {
  const [first] = of;
  if (of.length === 1 && first !== undefined) return first;
  const foreign = of.find((each): each is Foreign => each.kind === "foreign");
  return foreign ?? { kind, of: of as readonly Condition[] };
}

function parseOperand(reader: Reader, depth: number): Judged {
  if (!isMark(skipLines(reader), "(")) return parseTest(reader);
  if (depth > MAX_DEPTH) throw refuse(reader, peek(reader), `more than ${MAX_DEPTH} parentheses are in each other`);
  reader.at++;
  const condition = parseCondition(reader, depth + 1);
  expectMark(reader, ")", "at the end of the condition");
  return condition;
}

function parseChain(reader: Reader, mark: string, kind: "all" | "any", parse: () => Judged): Judged {
  const of = [parse()];
  while (isMark(skipLines(reader), mark)) {
    reader.at++;
    of.push(parse());
  }
  return join(kind, of);
}

function parseCondition(reader: Reader, depth: number): Judged {
  const parseAll = () => parseChain(reader, "&&", "all", () => parseOperand(reader, depth));
  return parseChain(reader, "||", "any", parseAll);
}

function actionOf(reader: Reader, token: PolicyToken): PolicyAction | undefined {
  const [, word] = /^package\.(.+)$/.exec(token.text) ?? [];
  if (word === undefined) return undefined;
  const action = ACTIONS.find((each) => each === word);
  const near = nearest(word, ACTIONS);
  if (action !== undefined || near === undefined) return action;
  throw refuse(reader, token, `${shown(token.text)} is no claim; did you mean "package.${near}"?`);
}

function whenOf(reader: Reader, token: PolicyToken, when: readonly Judged[]): { readonly when?: Condition } {
  if (when.length === 0) return {};
  const condition = join("all", when);
  if (condition.kind !== "foreign") return { when: condition };
  throw refuse(
    reader,
    token,
    `${shown(token.text)} depends on ${shown(condition.text)}, which cannot be told when packages are resolved; expected dependency equals TYPE.NAME`,
  );
}

/** Reads a claim to its end, and keeps it where it is about packages. */
function parseClaim(reader: Reader, { type, realm, when }: Around): void {
  const name = peek(reader);
  const values: PolicyToken[] = [];
  for (reader.at++; ; reader.at++) {
    const token = peek(reader);
    if (isMark(token, ",")) continue;
    if (token.kind !== "word" && token.kind !== "string") break;
    values.push(token);
  }
  const action = actionOf(reader, name);
  if (action === undefined) return;
  if (type !== "job" || realm === undefined) {
    throw refuse(reader, name, `${shown(name.text)} stands on a realm of "${type}", expected job::/namespace`);
  }
  const [target, ...others] = values;
  if (target === undefined || others.length > 0) {
    throw refuse(
      reader,
      others[0] ?? name,
      `${shown(name.text)} takes one package, expected ${name.text} "package::/namespace"`,
    );
  }
  const packages = parseTarget(reader, target);
  const { path } = reader;
  reader.rules.push({ action, jobs: realm, packages, ...whenOf(reader, name, when), path, line: name.line });
}

/** What stands in a block, up to and with its end. */
function parseBlock(reader: Reader, around: Around, where: string): void {
  const opening = skipLines(reader);
  expectMark(reader, "{", where);
  if (around.depth > MAX_DEPTH) throw refuse(reader, opening, `more than ${MAX_DEPTH} blocks are in each other`);
  for (;;) {
    const token = skipLines(reader);
    if (isMark(token, "}")) break;
    if (isMark(token, ";")) reader.at++;
    else if (isMark(token, "{") || (token.kind === "word" && token.text === "if")) parseRule(reader, around);
    else if (token.kind === "word") parseClaim(reader, around);
    else if (token.kind === "end") {
      throw refuse(reader, token, `the document ends, expected "}" for the block of line ${opening.line}`);
    } else throw refuse(reader, token, `${describe(token)}, expected a claim, a rule or "}"`);
  }
  reader.at++;
}

function parseRule(reader: Reader, around: Around): void {
  const within = { ...around, depth: around.depth + 1 };
  if (isMark(peek(reader), "{")) {
    parseBlock(reader, within, "at the start of a rule");
    return;
  }
  reader.at++;
  expectMark(reader, "(", "after if");
  const condition = parseCondition(reader, 0);
  expectMark(reader, ")", "at the end of the condition");
  parseBlock(reader, { ...within, when: [...around.when, condition] }, "after the condition");
}

/** The realm that a policy is on. What is no job's realm need not be one that lading knows. */
function parseHead(reader: Reader): Around {
  if (peek(reader).text === "on") reader.at++;
  const token = skipLines(reader);
  const [, type = "", rest = ""] = /^([A-Za-z][\w-]*)::(.*)$/s.exec(token.text) ?? [];
  if (token.kind === "mark" || type === "") {
    throw refuse(reader, token, `${describe(token)}, expected a realm: job::/namespace`);
  }
  reader.at++;
  if (type !== "job" && nearest(type, ["job"]) !== undefined) {
    throw refuse(reader, token, `${shown(type)} is no type of resource; did you mean "job"?`);
  }
  const realm = type === "job" ? parsed(reader, token, () => readRealm(rest)) : undefined;
  return { type, realm, when: [], depth: 0 };
}

/**
 * Reads a policy document and keeps its rules on packages: `package.allow`, `package.default`, `package.lock` and
 * `package.retire` on realms of jobs, perhaps under `if (dependency equals TYPE.NAME)`.
 *
 * @param options `path` is what messages call the document.
 * @throws {LadingError} `SYNTAX`, with line and column, for what breaks the grammar, a misspelt claim about packages, one on
 * another realm than a job's, one without a package, and one under a condition that resolving cannot judge. `TOO_LARGE` above
 * 512 KiB.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parsePolicy } from "lading";
 *
 * const { rules } = parsePolicy('on job::/prod { { package.allow "package::/prod/pkg" } }', { path: "prod.pol" });
 * assert.deepEqual(rules[0]?.packages, { namespace: "/prod/pkg" });
 * ```
 */
export function parsePolicy(text: string, { path }: { readonly path: string }): Policy {
  const reader: Reader = { path, tokens: lexPolicy(text, path), rules: [], at: 0 };
  while (skipLines(reader).kind !== "end") parseBlock(reader, parseHead(reader), "after the realm");
  return { rules: reader.rules };
}

/**
 * Reads the job, or the realm of jobs, that is resolved for: `job::/prod/web::api`, `/prod/web`.
 *
 * @throws {LadingError} `SYNTAX` for anything else.
 */
export function parseJob(text: string): Realm {
  return readRealm(text.replace(/^job::/, ""));
}
