import type { TaskMetrics, TaskPoint } from "hanami-sdk";
import { drawPanel, QUIET, type Curve, type CurvePoint } from "./panel.ts";
import { countScale, scaleFor } from "./scale.ts";
import { element, escaped, label, shortened } from "./svg.ts";
import { wholeTicks } from "./ticks.ts";

/** Okabe and Ito's colours, which the colour-blind can tell apart, without the yellow that is too light on white. */
const COLORS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#1f2328", "#7b3294"] as const;
/** How many tasks a picture can show in different colours. */
export const PLOTTED_MAX = COLORS.length;

const MEASURES = [
  { title: "Loss", key: "loss", isShare: false },
  { title: "Accuracy", key: "accuracy", isShare: true },
  { title: "Error", key: "error", isShare: false },
] as const;
type Measure = (typeof MEASURES)[number];

const FRAME = { width: 372, height: 250, top: 56, left: 66, right: 28, below: 56 };
const PANEL_WIDTH = FRAME.left + FRAME.width + FRAME.right;
const LEGEND_ROW = 22;
const FONT_SIZE = 13;
const SWATCH = 28;
const EPOCH_MARKS = 10;
/** Tasks whose epochs differ by a smaller share have the same ones. */
const SAME = 1e-6;

const numberOrNaN = (value: number | null | undefined) => (typeof value === "number" ? value : NaN);

const trained = ({ points }: TaskMetrics, { key }: Measure): CurvePoint[] =>
  points.map((point) => ({ cycle: point.cycle, value: numberOrNaN(point[key]) }));

/** Points without a measurement do not interrupt the curve of those with one. */
function heldOut({ points }: TaskMetrics, { key }: Measure): CurvePoint[] {
  const of = (point: TaskPoint) => point[`validation_${key}`];
  return points
    .filter((point) => of(point) !== undefined)
    .map((point) => ({ cycle: point.cycle, value: numberOrNaN(of(point)) }));
}

/** A task's curves have its colour; those of held-out rows are dashed. */
function curvesOf(tasks: readonly TaskMetrics[], measure: Measure): Curve[] {
  return tasks
    .flatMap((task, index) => {
      const color = COLORS[index % COLORS.length] as string;
      return [
        { points: trained(task, measure), color, isDashed: false },
        { points: heldOut(task, measure), color, isDashed: true },
      ];
    })
    .filter(({ points }) => points.some(({ value }) => Number.isFinite(value)));
}

/** Cycles of an epoch, if it is the same for all tasks. */
function epochCycles(tasks: readonly TaskMetrics[]): number | undefined {
  const lengths = tasks.flatMap(({ points }) => {
    const last = points.at(-1);
    return last === undefined || !(last.epoch > 0) ? [] : [last.cycle / last.epoch];
  });
  const [first] = lengths;
  const isSame = first !== undefined && lengths.every((length) => Math.abs(length - first) <= SAME * first);
  return isSame ? first : undefined;
}

/** At most about ten ends of epochs; those of few cycles are left out. */
function epochMarks(tasks: readonly TaskMetrics[], lastCycle: number) {
  const cycles = epochCycles(tasks);
  if (cycles === undefined) return [];
  return wholeTicks(0, lastCycle / cycles + SAME, EPOCH_MARKS)
    .filter((epoch) => epoch > 0)
    .map((epoch) => ({ epoch, cycle: epoch * cycles }));
}

interface Entry {
  text: string;
  color: string;
  isDashed: boolean;
}

function entriesOf(tasks: readonly TaskMetrics[], hasHeldOut: boolean): Entry[] {
  const names = tasks.map(({ name }, index) => ({
    text: name,
    color: COLORS[index % COLORS.length] as string,
    isDashed: false,
  }));
  const heldOutEntry = { text: "measured on held-out rows", color: tasks.length === 1 ? COLORS[0] : QUIET };
  return hasHeldOut ? [...names, { ...heldOutEntry, isDashed: true }] : names;
}

function drawLegend(entries: readonly Entry[], columns: number, top: number, width: number): string {
  const columnWidth = (width - 2 * FRAME.right) / columns;
  return entries
    .map(({ text, color, isDashed }, index) => {
      const x = FRAME.right + (index % columns) * columnWidth;
      const y = top + Math.floor(index / columns) * LEGEND_ROW;
      const stroke = { stroke: color, "stroke-width": 2.5, "stroke-dasharray": isDashed ? "6 4" : undefined };
      const shown = shortened(text, columnWidth - SWATCH - 24, FONT_SIZE);
      return (
        element("path", { d: `M${x} ${y}h${SWATCH}`, ...stroke }) +
        element("g", {}, element("title", {}, escaped(text)) + label(x + SWATCH + 8, y + 4.5, shown))
      );
    })
    .join("\n");
}

/**
 * The curves of tasks as an SVG file: loss and, where there are any, accuracy and error over the cycles. At most
 * `PLOTTED_MAX` tasks. The same metrics give the same bytes.
 */
export function drawMetrics(tasks: readonly TaskMetrics[]): string {
  const lastCycle = tasks.reduce((last, { points }) => Math.max(last, points.at(-1)?.cycle ?? 0), 0);
  const drawn = MEASURES.map((measure) => ({ ...measure, curves: curvesOf(tasks, measure) }));
  const panels = drawn.filter(({ key, curves }) => key === "loss" || curves.length > 0);
  const width = panels.length * PANEL_WIDTH;
  const hasHeldOut = panels.some(({ curves }) => curves.some(({ isDashed }) => isDashed));
  const entries = entriesOf(tasks, hasHeldOut);
  const columns = panels.length;
  const legendTop = FRAME.top + FRAME.height + FRAME.below + 10;
  const height = legendTop + Math.ceil(entries.length / columns) * LEGEND_ROW;
  const cycles = countScale(Math.max(1, lastCycle));
  const epochs = epochMarks(tasks, lastCycle);
  const content = panels.map(({ title, curves, isShare }, index) => {
    const finite = curves.flatMap(({ points }) => points.map(({ value }) => value)).filter(Number.isFinite);
    const values = finite.length === 0 ? undefined : scaleFor(finite, { isShare });
    return drawPanel({
      title: values?.isLog === true ? `${title} (logarithmic)` : title,
      left: index * PANEL_WIDTH + FRAME.left,
      top: FRAME.top,
      width: FRAME.width,
      height: FRAME.height,
      curves,
      values,
      cycles,
      epochs,
    });
  });
  const heading = `Metrics of ${tasks.map(({ name }) => name).join(", ")}`;
  const card = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8, fill: "#fff", stroke: "#d0d7de" };
  const parts = [
    element("title", {}, escaped(heading)),
    element("rect", card),
    ...content,
    drawLegend(entries, columns, legendTop, width),
  ];
  const attributes = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: "img",
    "font-family": "system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif",
    "font-size": FONT_SIZE,
    fill: "#1f2328",
  };
  return `${element("svg", attributes, `\n${parts.join("\n")}\n`)}\n`;
}
