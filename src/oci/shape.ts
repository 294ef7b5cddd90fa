/**
 * Shapes: one description of an object that checks it, knows its field names, and orders them for writing.
 *
 * @module
 */

import { LadingError } from "../errors.js";
import { formatPath, type Names, namesOf } from "./json-parser.js";

/** Where a value stands: in a document of that kind, or in another value under a key. */
export interface Place {
  /** What the document is, for messages: `manifest`. */
  readonly what: string;
  readonly parent?: Place;
  readonly key?: string | number;
}

/** A kind of value. */
export interface Shape<T> {
  /** What it is, as it follows "expected". */
  readonly wanted: string;
  /** The names of its fields, or of its items' fields. */
  readonly names?: Names | undefined;
  /** Checks a decoded value. Throws `SYNTAX` that names the place. */
  read(value: unknown, place: Place): T;
  /** The value as `encodeJson` takes it: fields in their order, maps as a `Map`. */
  write(value: T): unknown;
}

/** The error for a value that is not what its place wants. */
export function refuseValue(place: Place, value: unknown, wanted: string): LadingError<"SYNTAX"> {
  const steps: (string | number)[] = [];
  for (let at: Place | undefined = place; at?.key !== undefined; at = at.parent) steps.unshift(at.key);
  const path = formatPath(steps);
  const found = value === undefined ? "missing" : showValue(value);
  const message = `Cannot decode ${place.what}: ${path === "" ? "it" : path} is ${found}, expected ${wanted}`;
  return new LadingError("SYNTAX", message, { kind: place.what, ...(path !== "" && { path }) });
}

function showValue(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}

/** Any value that passes a test. */
export function scalarOf<T>(wanted: string, test: (value: unknown) => value is T): Shape<T> {
  return {
    wanted,
    read(value, place) {
      if (test(value)) return value;
      throw refuseValue(place, value, wanted);
    },
    write: (value) => value,
  };
}

/** A string that matches a pattern (`.` takes line ends with the flag `s`). */
export function textOf(wanted: string, pattern: RegExp): Shape<string> {
  return scalarOf(wanted, (value): value is string => typeof value === "string" && pattern.test(value));
}

/** A list of such items. */
export function listOf<T>(item: Shape<T>): Shape<readonly T[]> {
  return {
    wanted: "a list",
    names: item.names,
    read(value, place) {
      if (!Array.isArray(value)) throw refuseValue(place, value, "a list");
      return value.map((each, index) => item.read(each, { what: place.what, parent: place, key: index }));
    },
    write: (items) => items.map((each) => item.write(each)),
  };
}

/** An object whose keys are free, as annotations are, and whose values are such items. */
export function mapOf<T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> {
  return {
    wanted: "an object",
    read(value, place) {
      if (!isObject(value)) throw refuseValue(place, value, "an object");
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, each]) => [key, item.read(each, { what: place.what, parent: place, key })]),
      );
    },
    write: (value) => new Map(Object.entries(value).map(([key, each]) => [key, item.write(each)])),
  };
}

/** What {@link recordOf} needs to know beside the fields. */
export interface RecordOptions<T> {
  /** Fields that must be there. The others may be absent, or `null`, which is read as absent. */
  readonly required: readonly (keyof T & string)[];
  /** Further names of the specification; their values pass as they are, but not in another case. */
  readonly passed?: readonly string[];
}

/** Shapes of the fields, in the order in which they are written. */
export type Fields<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> };

/** An object with these fields. Fields that it does not know are kept, and written last. */
export function recordOf<T extends object>(fields: Fields<T>, options: RecordOptions<T>): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(fields as Readonly<Record<string, Shape<unknown>>>);
  const required: ReadonlySet<string> = new Set(options.required);
  const passed = (options.passed ?? []).map((name) => [name, undefined] as const);
  return {
    wanted: "an object",
    names: namesOf(Object.fromEntries([...shapes.map(([name, shape]) => [name, shape.names] as const), ...passed])),
    read: (value, place) => readRecord(shapes, required, value, place) as T,
    write: (value) => writeRecord(shapes, value as Readonly<Record<string, unknown>>),
  };
}

type Shapes = readonly (readonly [string, Shape<unknown>])[];

function readRecord(shapes: Shapes, required: ReadonlySet<string>, value: unknown, place: Place): object {
  if (!isObject(value)) throw refuseValue(place, value, "an object");
  const record: Record<string, unknown> = { ...value };
  for (const [name, shape] of shapes) {
    const field = record[name];
    const at = { what: place.what, parent: place, key: name };
    if (field !== undefined && field !== null) record[name] = shape.read(field, at);
    else if (required.has(name)) throw refuseValue(at, field, shape.wanted);
    else if (field === null) delete record[name];
  }
  return record;
}

function writeRecord(shapes: Shapes, value: Readonly<Record<string, unknown>>): object {
  const known = shapes.filter(([name]) => value[name] !== undefined);
  const written = Object.fromEntries(known.map(([name, shape]) => [name, shape.write(value[name])]));
  return { ...written, ...Object.fromEntries(Object.entries(value).filter(([name]) => !Object.hasOwn(written, name))) };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
