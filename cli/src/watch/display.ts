import { LiveLines } from "../output/live-lines.ts";
import { isWorthALine } from "../progress.ts";
import type { WatchedTask } from "./watched-task.ts";

/** Shows tasks while they run. */
export interface TaskDisplay {
  /** One of the tasks has changed. */
  update(changed: WatchedTask): void;
  /** Leaves the last state on the screen. */
  end(): void;
}

/** A line per task, redrawn in place. */
function terminalDisplay(stream: NodeJS.WriteStream, tasks: readonly WatchedTask[]): TaskDisplay {
  const lines = new LiveLines(stream);
  return {
    update() {
      const known = tasks.filter(({ task }) => task !== undefined);
      if (known.length > 0) lines.draw(known.map((each) => each.terminalLine(lines.columns, tasks.length > 1)));
    },
    end: () => lines.end(),
  };
}

/** A line when the state of a task changes, or after enough progress since its last one. */
function plainDisplay(stream: NodeJS.WriteStream, tasks: readonly WatchedTask[]): TaskDisplay {
  const shown = new Map<WatchedTask, { label: string; share: number }>();
  return {
    update(changed) {
      if (changed.task === undefined) return;
      const step = { label: changed.task.state, share: changed.task.percentage_finished };
      if (!isWorthALine(step, shown.get(changed))) return;
      shown.set(changed, step);
      stream.write(`${changed.plainLine(tasks.length > 1)}\n`);
    },
    end() {},
  };
}

/** On standard error, so that standard output holds only the result. */
export function displayTasks(tasks: readonly WatchedTask[]): TaskDisplay {
  const stream = process.stderr;
  return stream.isTTY ? terminalDisplay(stream, tasks) : plainDisplay(stream, tasks);
}
