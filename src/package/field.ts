/**
 * Reading a JSON document field by field, with errors that name the field.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { nearest } from "./nearest.js";

/** A value of a document and where it stands. */
export interface Field {
  /** The document, as a person knows it: its path. */
  readonly source: string;
  /** Where in the document, `dependencies[2].type`; empty for the document itself. */
  readonly path: string;
  readonly value: unknown;
}

/** Characters of a wrong value that a message shows. */
const SHOWN = 80;
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/u;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

/** The error that says which field holds what, and what was wanted there. */
export function refuseField(field: Field, wanted: string, remedy?: string): LadingError<"SYNTAX"> {
  const where = field.path === "" ? "the document" : field.path;
  const hint = remedy === undefined ? "" : `; ${remedy}`;
  const message = `Cannot read ${JSON.stringify(field.source)}: ${where} is ${show(field.value)}, wanted ${wanted}${hint}`;
  return new LadingError("SYNTAX", message, { kind: "package document", path: field.source, input: field.path });
}

function refuseKey(field: Field, key: string, known: readonly string[]): LadingError<"SYNTAX"> {
  const path = join(field.path, key);
  const near = nearest(key, known);
  const hint = near === undefined ? `expected one of ${known.join(", ")}` : `did you mean ${JSON.stringify(near)}?`;
  const message = `Cannot read ${JSON.stringify(field.source)}: unknown field ${show(path)}; ${hint}`;
  return new LadingError("SYNTAX", message, { kind: "package document", path: field.source, input: path });
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

/** The members of an object, by name. Members that are `null` are left out: that is how they are said to be absent. */
export function membersOf(field: Field): ReadonlyMap<string, Field> {
  const { source, path, value } = field;
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuseField(field, "an object");
  const members = Object.entries(value).filter(([, member]) => member !== null);
  return new Map(members.map(([key, member]) => [key, { source, path: join(path, key), value: member as unknown }]));
}

/** The same where only certain members may be: an unknown one is refused, with the nearest known one. */
export function knownMembersOf(field: Field, known: readonly string[]): ReadonlyMap<string, Field> {
  const members = membersOf(field);
  for (const key of Object.keys(field.value as object)) if (!known.includes(key)) throw refuseKey(field, key, known);
  return members;
}

/** The items of a list. */
export function itemsOf(field: Field): readonly Field[] {
  const { source, path, value } = field;
  if (!Array.isArray(value)) throw refuseField(field, "a list");
  return value.map((item: unknown, index) => ({ source, path: `${path}[${index}]`, value: item }));
}

/** A text of 1 to `limit` (255) characters, none of them a control character. */
export function textOf(field: Field, limit = 255): string {
  const { value } = field;
  const wanted = `a text of 1 to ${limit} characters without control characters`;
  if (typeof value !== "string" || value === "" || value.length > limit || CONTROL.test(value)) {
    throw refuseField(field, wanted);
  }
  return value;
}

/** A whole number of at least 0. */
export function countOf(field: Field): number {
  const { value } = field;
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw refuseField(field, "a whole number of at least 0");
  }
  return value;
}

/** One of some words; a wrong one is refused with the nearest right one. */
export function wordOf<W extends string>(field: Field, words: readonly W[]): W {
  const word = words.find((candidate) => candidate === field.value);
  if (word !== undefined) return word;
  const near = typeof field.value === "string" ? nearest(field.value, words) : undefined;
  const wanted = words.length === 1 ? JSON.stringify(words[0]) : `one of ${words.join(", ")}`;
  throw refuseField(field, wanted, near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`);
}
