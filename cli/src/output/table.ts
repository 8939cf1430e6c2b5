import { textWidth } from "./text-width.ts";

function padEnd(text: string, width: number): string {
  return text + " ".repeat(width - textWidth(text));
}

/** With an odd number of blanks, the text is left of the middle. */
function centre(text: string, width: number): string {
  return padEnd(" ".repeat(Math.floor((width - textWidth(text)) / 2)) + text, width);
}

/**
 * Cells in a frame of `+`, `-` and `|`, ending with a newline. The header, if any, is centred and underlined; other
 * cells are left-aligned. Columns are as wide as their widest cell: text is never wrapped or cut. A cell with several
 * lines takes several lines of the table.
 */
export function renderTable({ header, rows }: { header?: readonly string[]; rows: readonly string[][] }): string {
  const lines = rows.flatMap((row) => {
    const cells = row.map((cell) => cell.split("\n"));
    const height = Math.max(...cells.map((cell) => cell.length));
    return Array.from({ length: height }, (_, index) => cells.map((cell) => cell[index] ?? ""));
  });
  const columns = (header ?? lines[0] ?? []).length;
  const widths = Array.from({ length: columns }, (_, column) =>
    [...(header === undefined ? [] : [header]), ...lines].reduce(
      (widest, line) => Math.max(widest, textWidth(line[column] ?? "")),
      0,
    ),
  );
  const border = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const framed = (line: readonly string[], align: typeof padEnd) =>
    `|${widths.map((width, column) => ` ${align(line[column] ?? "", width)} `).join("|")}|\n`;
  const top = header === undefined ? "" : border + framed(header, centre);
  return top + border + lines.map((line) => framed(line, padEnd)).join("") + border;
}
