import { cutText, textWidth } from "./text-width.ts";

const COLUMNS = 80;
const ROWS = 24;

/** Lines at the end of a terminal's screen that are drawn over and over in the same place. They must not wrap. */
export class LiveLines {
  readonly #stream: NodeJS.WriteStream;
  #drawn: readonly string[] = [];

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  /** Columns that a line may have: a character in the last one would move the cursor down in some terminals. */
  get columns(): number {
    return (this.#stream.columns || COLUMNS) - 1;
  }

  /** Draws the lines in the place of the previous ones; as many as the screen has room for. */
  draw(lines: readonly string[]): void {
    const room = (this.#stream.rows || ROWS) - 1;
    const hidden = lines.length - room;
    const shown = hidden > 0 ? [...lines.slice(0, room - 1), `… and ${hidden + 1} more`] : lines;
    const fitting = shown.map((line) => cutText(line, this.columns));
    this.#stream.write(`${this.#toFirst()}${fitting.map((line) => `\u001b[K${line}`).join("\n")}`);
    this.#drawn = fitting;
  }

  /** Leaves the lines on the screen. */
  end(): void {
    if (this.#drawn.length > 0) this.#stream.write("\n");
    this.#drawn = [];
  }

  /** Moves to the first of the lines. A terminal that has become narrower has wrapped them. */
  #toFirst(): string {
    const heights = this.#drawn.map((line) => Math.max(1, Math.ceil(textWidth(line) / (this.columns + 1))));
    const up = heights.reduce((sum, height) => sum + height, 0) - 1;
    const isWrapped = heights.some((height) => height > 1);
    return `\r${up > 0 ? `\u001b[${up}A` : ""}${isWrapped ? "\u001b[J" : ""}`;
  }
}
