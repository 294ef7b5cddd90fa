/**
 * Values of a package script, before anything is known of what they mean.
 *
 * @module
 */

import { LadingError } from "../../errors.js";

/** A place in a script. Both count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A text; `block` where it stood between parentheses, line for line. */
export interface TextValue extends Place {
  readonly kind: "text" | "block";
  readonly text: string;
}

export interface ListValue extends Place {
  readonly kind: "list";
  readonly items: readonly ScriptValue[];
}

/** A key, where it stands, and its value. */
export interface ScriptMember extends Place {
  readonly key: string;
  readonly value: ScriptValue;
}

export interface MapValue extends Place {
  readonly kind: "map";
  /** In their order, each key once. */
  readonly members: readonly ScriptMember[];
}

export type ScriptValue = TextValue | ListValue | MapValue;

/** The error for what a script says at a place. */
export function refuseScript(path: string, { line, column }: Place, why: string): LadingError<"SYNTAX"> {
  const message = `Cannot read package script "${path}": line ${line}, column ${column}: ${why}`;
  return new LadingError("SYNTAX", message, { kind: "package script", path, line, column });
}

/** Shown in messages, and not long. */
export const shown = (text: string) => JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
