const WIDTH = 30;

/** A bar that is redrawn on a terminal; elsewhere a line per tenth. */
export function createProgress(title: string, out: NodeJS.WriteStream = process.stdout) {
  let lastTenth = -1;
  return {
    /** `share` is 0…1. */
    update(share: number, detail: string): void {
      const percent = `${Math.floor(share * 100)} %`.padStart(5);
      if (out.isTTY) {
        const filled = Math.round(share * WIDTH);
        const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
        out.write(`\r${title.padEnd(9)}${bar}${percent}  ${detail}\x1b[K`);
        return;
      }
      const tenth = Math.floor(share * 10);
      if (tenth > lastTenth) out.write(`${title.padEnd(9)}${percent}  ${detail}\n`);
      lastTenth = tenth;
    },
    end(): void {
      if (out.isTTY) out.write("\n");
    },
  };
}

/** Rows of cells in aligned columns. */
export function formatTable(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
