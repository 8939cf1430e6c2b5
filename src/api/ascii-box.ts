/**
 * The bordered table that the contract uses for a few multi-line errors: a column of labels and a column of texts.
 * Each further line of a text gets a row with an empty label. Ends with a newline.
 */
export function asciiBox(rows: readonly (readonly [label: string, text: string])[]): string {
  const lines = rows.flatMap(([label, text]) =>
    text.split("\n").map((line, index): [string, string] => [index === 0 ? label : "", line]),
  );
  const width = (column: 0 | 1) => Math.max(...lines.map((line) => line[column].length));
  const widths = [width(0), width(1)] as const;
  const border = `+-${"-".repeat(widths[0])}-+-${"-".repeat(widths[1])}-+\n`;
  const body = lines.map(([label, text]) => `| ${label.padEnd(widths[0])} | ${text.padEnd(widths[1])} |\n`);
  return border + body.join("") + border;
}

/** The box around a single error message. */
export function errorBox(message: string): string {
  return asciiBox([["Error-Message Nr. 0", message]]);
}
