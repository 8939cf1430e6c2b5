const WARNINGS_MAX = 32;
const LENGTH_MAX = 300;
const AND_MORE = "There are more warnings than can be listed.";

/** The different ones of some sentences, at most 32 of 300 characters each. */
export function boundedWarnings(sentences: readonly string[]): string[] {
  const different = [...new Set(sentences.map(shortened))];
  return different.length <= WARNINGS_MAX ? different : [...different.slice(0, WARNINGS_MAX - 1), AND_MORE];
}

function shortened(sentence: string): string {
  if (sentence.length <= LENGTH_MAX) return sentence;
  // Half of a surrogate pair is no text.
  return `${sentence.slice(0, LENGTH_MAX - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
