import type { TaskMetrics, TaskPoint } from "hanami-sdk";
import { cellText } from "../output/cell-text.ts";
import { numberText, shareText, shortNumber } from "../output/measures.ts";
import { sparkline } from "../output/sparkline.ts";
import { renderTable } from "../output/table.ts";
import { chooseEvenly } from "./choose-points.ts";

const ROWS = 20;
const SPARKLINE_WIDTH = 60;

interface Column {
  title: string;
  text: (point: TaskPoint) => string;
  /** Whether a point has a value; a column that no point has is left out. */
  has?: (point: TaskPoint) => boolean;
}

const COLUMNS: readonly Column[] = [
  { title: "cycle", text: ({ cycle }) => String(cycle) },
  { title: "epoch", text: ({ epoch }) => epoch.toFixed(2) },
  { title: "loss", text: ({ loss }) => numberText(loss) },
  { title: "accuracy", text: ({ accuracy }) => shareText(accuracy), has: ({ accuracy }) => accuracy !== undefined },
  { title: "error", text: ({ error }) => numberText(error), has: ({ error }) => error !== undefined },
  {
    title: "held-out loss",
    text: ({ validation_loss: loss }) => numberText(loss),
    has: ({ validation_loss: loss }) => loss !== undefined,
  },
  {
    title: "held-out accuracy",
    text: ({ validation_accuracy: accuracy }) => shareText(accuracy),
    has: ({ validation_accuracy: accuracy }) => accuracy !== undefined,
  },
  {
    title: "held-out error",
    text: ({ validation_error: error }) => numberText(error),
    has: ({ validation_error: error }) => error !== undefined,
  },
  { title: "skipped", text: ({ skipped }) => shareText(skipped), has: ({ skipped }) => skipped > 0 },
  { title: "synapses", text: ({ synapses }) => shortNumber(synapses) },
  { title: "samples/s", text: ({ samples_per_second: speed }) => shortNumber(speed) },
];

const isHeldOut = ({ validation_loss: loss }: TaskPoint) => loss !== undefined;

/** A curve as bars, with its first and last value. */
function curve(title: string, values: readonly (number | null | undefined)[], text: typeof numberText): string[] {
  if (values.every((value) => value === undefined)) return [];
  return [`${title.padEnd(8)}  ${sparkline(values, SPARKLINE_WIDTH)}  ${text(values[0])} → ${text(values.at(-1))}`];
}

/** The curves of a task in small, and a table of some or all of their points. */
export function metricsText({ name, state, total_number_of_cycles, points }: TaskMetrics, all: boolean): string {
  const title = `${cellText(name).replaceAll("\n", " ")}, ${state}`;
  const last = points.at(-1);
  if (last === undefined)
    return `${title}: nothing measured${state === "queued" || state === "active" ? " yet" : ""}\n`;
  const lines = [
    `${title}: ${last.cycle} of ${total_number_of_cycles} cycles`,
    ...curve(
      "loss",
      points.map(({ loss }) => loss),
      numberText,
    ),
    ...curve(
      "accuracy",
      points.map(({ accuracy }) => accuracy),
      shareText,
    ),
    ...curve(
      "error",
      points.map(({ error }) => error),
      numberText,
    ),
  ];
  const columns = COLUMNS.filter(({ has }) => has === undefined || points.some(has));
  const chosen = all ? points : chooseEvenly(points, ROWS, isHeldOut);
  const rows = chosen.map((point) => columns.map(({ text }) => text(point)));
  return `${lines.join("\n")}\n${renderTable({ header: columns.map(({ title: head }) => head), rows })}`;
}
