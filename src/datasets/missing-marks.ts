const MARKS_OF_MISSING = ["NA", "N/A", "NaN", "null", "None", "-", "?", "<NA>", "#N/A", "\\N"];

/** Whether a trimmed text is a missing value: empty, or one of the marks in any case. */
export function missingMarks(marks: readonly string[] = MARKS_OF_MISSING): (text: string) => boolean {
  const known = new Set(marks.map((mark) => mark.trim().toLowerCase()));
  const longest = Math.max(0, ...[...known].map(({ length }) => length));
  /** By ASCII code: 1 when a mark may begin with it. Most cells begin otherwise, and cost nothing then. */
  const starts = new Uint8Array(128).fill(0);
  for (const mark of known) for (const text of [mark, mark.toUpperCase()]) starts[text.charCodeAt(0)] = 1;
  // Folding changes the length of few characters, and only makes a text longer.
  return (text) =>
    text === "" || (text.length <= longest && starts[text.charCodeAt(0)] !== 0 && known.has(text.toLowerCase()));
}
