const MARKS_OF_MISSING = ["NA", "N/A", "NaN", "null", "None", "-", "?", "<NA>", "#N/A", "\\N"];

/** Whether a trimmed text is a missing value: empty, or one of the marks in any case. */
export function missingMarks(marks: readonly string[] = MARKS_OF_MISSING): (text: string) => boolean {
  const known = new Set(marks.map((mark) => mark.trim().toLowerCase()));
  const longest = Math.max(0, ...[...known].map(({ length }) => length));
  // Folding changes the length of few characters, and only makes a text longer.
  return (text) => text === "" || (text.length <= longest && known.has(text.toLowerCase()));
}
