const WARNINGS_MAX = 32;
const LENGTH_MAX = 300;
const AND_MORE = "There are more warnings than can be listed.";

/** Warnings together with new ones: different sentences, at most 32 of 300 characters each. */
export function joinWarnings(warnings: readonly string[], more: readonly string[]): string[] {
  const joined = [...new Set([...warnings, ...more.map(shortened)])];
  return joined.length <= WARNINGS_MAX ? joined : [...joined.slice(0, WARNINGS_MAX - 1), AND_MORE];
}

function shortened(sentence: string): string {
  if (sentence.length <= LENGTH_MAX) return sentence;
  // The database refuses half of a surrogate pair.
  return `${sentence.slice(0, LENGTH_MAX - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
