/** Aligns columns: the first to the left, numbers to the right. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  ");
  return [line(head), ...rows.map(line), ""].join("\n");
}

type Row = (string | number)[];

const rowOf = (cells: Row) => `| ${cells.join(" | ")} |`;
const headOf = (titles: Row) => `${rowOf(titles)}\n|${"---|".repeat(titles.length)}`;

/** A whole Markdown table. */
export const markdown = (titles: Row, rows: Row[]): string => [headOf(titles), ...rows.map(rowOf)].join("\n");

/** Prints a row of a Markdown table as soon as it is measured: rows may take minutes each. */
export function printRow(...cells: Row): void {
  console.log(rowOf(cells));
}

/** Prints the head of a Markdown table. */
export function printHead(...titles: Row): void {
  console.log(headOf(titles));
}
