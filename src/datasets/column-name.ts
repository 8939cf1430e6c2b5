/** Maximum length of a name, in UTF-16 code units. */
export const MAX_NAME_LENGTH = 254;

/** Control characters, halves of surrogate pairs, and the replacement character of decoders. */
const UNFIT = /[\p{Cc}\p{Cs}\uFFFD]/u;

/**
 * Why a text is not a valid column name, phrased to follow "the name"; undefined when it is valid. All other texts are
 * valid unchanged: databases cannot store NUL, JSON and UTF-8 cannot encode halves of pairs, and logs and tables cannot
 * show a line break.
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
