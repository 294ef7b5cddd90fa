/**
 * What schemas of documents are made of. Each part says in words what it expects.
 *
 * @module
 */

import * as z from "zod";

/** What a schema's document holds. */
export type Of<T extends z.ZodType> = z.infer<T>;

/** A text that is of a grammar, or the message that says what is expected. */
export function text(wanted: string, pattern: RegExp) {
  const error = `expected ${wanted}`;
  return z.string({ error }).regex(pattern, { error });
}

/** A text that passes a test. */
export function textThat(wanted: string, isRight: (text: string) => boolean) {
  const error = `expected ${wanted}`;
  return z.string({ error }).refine(isRight, { error });
}

/** One of a few words. */
export function word<const T extends readonly [string, ...string[]]>(words: T) {
  return z.enum(words, { error: `expected ${words.join(", ").replace(/, ([^,]*)$/, " or $1")}` });
}

/** True or false. */
export function flag() {
  return z.boolean({ error: "expected true or false" });
}

/** A list of one kind of thing. */
export function list<T extends z.ZodType>(item: T, wanted: string) {
  return z.array(item, { error: `expected ${wanted}` });
}

/** Names with things of one kind. */
export function names<K extends z.core.$ZodRecordKey, T extends z.ZodType>(name: K, item: T, wanted: string) {
  return z.record(name, item, { error: `expected ${wanted}` });
}

/** Known keys; an unknown one is refused. */
export function keys<T extends z.core.$ZodShape>(shape: T, wanted: string) {
  return z.strictObject(shape, { error: `expected ${wanted}` });
}

/** One kind of thing or the other. */
export function either<A extends z.ZodType, B extends z.ZodType>(one: A, other: B, wanted: string) {
  return z.union([one, other], { error: `expected ${wanted}` });
}
