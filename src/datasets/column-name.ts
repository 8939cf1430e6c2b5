/** The longest name, in UTF-16 code units. */
export const MAX_NAME_LENGTH = 254;

/** Control characters, halves of surrogate pairs, and what decoders put in place of bytes that are no text. */
const UNFIT = /[\p{Cc}\p{Cs}\uFFFD]/u;

/**
 * What keeps a text from being the name of a column, as the end of a sentence that begins with "the name"; undefined
 * when nothing does. Every other text is a name, as it stands: databases cannot store NUL, JSON and UTF-8 have no
 * halves of pairs, and no line of a log or table can show a line break.
 */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  if (name.length > MAX_NAME_LENGTH) return `is longer than ${MAX_NAME_LENGTH} characters`;
  const unfit = UNFIT.exec(name)?.[0];
  if (unfit === undefined) return undefined;
  if (unfit === "\uFFFD") return "is not UTF-8 or holds U+FFFD";
  const code = unfit.charCodeAt(0);
  const what = code < 0xd800 ? "the control character" : "half of a surrogate pair,";
  return `holds ${what} U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
