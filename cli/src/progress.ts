const BAR_WIDTH = 30;
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

const percent = (share: number) => `${(Math.min(share, 1) * 100).toFixed(1).padStart(5)} %`;

function bar(share: number): string {
  const filled = Math.round(Math.min(share, 1) * BAR_WIDTH);
  return `[${"#".repeat(filled)}${".".repeat(BAR_WIDTH - filled)}]`;
}

/** A bar that is redrawn on the same line of a terminal. */
function terminalProgress(stream: NodeJS.WriteStream): Progress {
  let drawn = false;
  return {
    update({ label, share, count }) {
      stream.write(`\r\u001b[K${label.padEnd(9)} ${bar(share)} ${percent(share)}  ${count}`);
      drawn = true;
    },
    end() {
      if (drawn) stream.write("\n");
    },
  };
}

/** Prints a line when the label changes, or after enough progress since the last line. */
function lineProgress(stream: NodeJS.WriteStream): Progress {
  let last: ProgressStep | undefined;
  return {
    update(step) {
      const isNews = step.label !== last?.label || step.share - last.share >= LINE_SHARE;
      if (!isNews && (step.share < 1 || last?.share === step.share)) return;
      stream.write(`${step.label.padEnd(9)} ${percent(step.share)}  ${step.count}\n`);
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
