/** Aligns columns: the first to the left, numbers to the right. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  return [line(head), ...rows.map(line), ""].join("\n");
}

/** Prints a row of a Markdown table as soon as it is measured: rows may take minutes each. */
export function printRow(...cells: (string | number)[]): void {
  console.log(`| ${cells.join(" | ")} |`);
}

/** Prints the head of a Markdown table. */
export function printHead(...titles: (string | number)[]): void {
  printRow(...titles);
  console.log(`|${"---|".repeat(titles.length)}`);
}
