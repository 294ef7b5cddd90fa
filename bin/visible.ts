/**
 * Text that is safe to show, whoever chose the names in it.
 *
 * @module
 */

/** What could move the cursor, colour the screen or turn the text around; a tab is harmless. */
const UNSEEN = /(?!\t)[\p{Cc}\p{Bidi_Control}]/gu;

/** One line, whatever stands in names that strangers chose: `\u001b` for an escape character. */
export function visible(line: string): string {
  return line.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** JSON, in which the same characters are escaped too. */
export function formatJson(value: unknown, indent?: number): string {
  // Between its values JSON has no control character but line ends.
  const lines = JSON.stringify(value, null, indent).split("\n");
  return lines.map(visible).join("\n");
}
