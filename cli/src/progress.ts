import { fitLine } from "./output/fit-line.ts";
import { LiveLines } from "./output/live-lines.ts";

const BAR_WIDTH = 32;
const BAR_WIDTH_MIN = 12;
/** Plain output, which is often a log file, gets a line per this share of the whole. */
const LINE_SHARE = 0.05;

export interface ProgressStep {
  /** The current activity, in one word. */
  label: string;
  /** 0…1. */
  share: number;
  /** Such as `171/60000`. */
  count: string;
}

/** Shows the progress of an operation. */
export interface Progress {
  update(step: ProgressStep): void;
  /** Leaves the last state on the screen. */
  end(): void;
}

export const percentText = (share: number) => `${(Math.min(share, 1) * 100).toFixed(1).padStart(5)} %`;

/** A part of a line that becomes shorter where there is little room. */
export const barPart = (share: number, rank: number) => ({
  rank,
  min: BAR_WIDTH_MIN,
  max: BAR_WIDTH,
  draw(width: number) {
    const filled = Math.round(Math.min(share, 1) * (width - 2));
    return `[${"#".repeat(filled)}${".".repeat(width - 2 - filled)}]`;
  },
});

/** Whether plain output, whose last line told `last`, gets another line. */
export function isWorthALine(step: Omit<ProgressStep, "count">, last: Omit<ProgressStep, "count"> | undefined) {
  const isNews = step.label !== last?.label || step.share - last.share >= LINE_SHARE;
  return isNews || (step.share >= 1 && last?.share !== step.share);
}

/** A bar that is redrawn on the same line of a terminal. */
function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const lines = new LiveLines(stream);
  return {
    update({ label, share, count }) {
      const parts = [
        { text: label.padEnd(8), rank: 0 },
        barPart(share, 2),
        { text: percentText(share), rank: 0 },
        { text: count, rank: 1 },
      ];
      lines.draw([fitLine(parts, lines.columns)]);
    },
    end() {
      lines.end();
    },
  };
}

/** Prints a line when the label changes, or after enough progress since the last line. */
function lineProgress(stream: NodeJS.WriteStream): Progress {
  let last: ProgressStep | undefined;
  return {
    update(step) {
      if (!isWorthALine(step, last)) return;
      stream.write(`${step.label.padEnd(9)} ${percentText(step.share)}  ${step.count}\n`);
      last = step;
    },
    end() {},
  };
}

/** Progress on standard error, so that standard output holds only the result. */
export function createProgress({ plain }: { plain: "lines" | "silent" }): Progress {
  const stream = process.stderr;
  if (stream.isTTY) return terminalProgress(stream);
  return plain === "lines" ? lineProgress(stream) : { update() {}, end() {} };
}
