import type { Scale } from "./scale.ts";
import { at, element, label } from "./svg.ts";

/** A place of a curve; values that are missing or not finite interrupt it. */
export interface CurvePoint {
  cycle: number;
  value: number;
}

export interface Curve {
  points: readonly CurvePoint[];
  color: string;
  isDashed: boolean;
}

/** What a panel shows, and where: `left`, `top`, `width` and `height` are those of its frame. */
export interface Panel {
  title: string;
  left: number;
  top: number;
  width: number;
  height: number;
  curves: readonly Curve[];
  /** Undefined where there is nothing to draw. */
  values: Scale | undefined;
  cycles: Scale;
  /** Ends of epochs, in cycles, and their numbers. */
  epochs: readonly { cycle: number; epoch: number }[];
}

/** With more points a line is thin, so that their scatter can be told. */
const MANY = 300;
/** With at most so many, measurements on held-out rows have a dot each. */
const DOTS = 60;
const GRID = "#e6e9ed";
const EPOCH = "#c3cad3";
/** Lines along the pixels are not blurred. */
const SHARP = { "shape-rendering": "crispEdges" };
export const QUIET = "#57606a";

/** The pieces of a curve between its interruptions. */
function piecesOf(points: readonly CurvePoint[]): CurvePoint[][] {
  const pieces: CurvePoint[][] = [[]];
  for (const point of points) {
    if (Number.isFinite(point.value)) pieces.at(-1)?.push(point);
    else if (pieces.at(-1)?.length !== 0) pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

function drawCurve({ points, color, isDashed }: Curve, x: (cycle: number) => number, y: (value: number) => number) {
  const pieces = piecesOf(points);
  const path = pieces
    .filter((piece) => piece.length > 1)
    .map((piece) => `M${piece.map(({ cycle, value }) => `${at(x(cycle))} ${at(y(value))}`).join("L")}`)
    .join("");
  const isThin = points.length > MANY;
  const isScatter = isThin && !isDashed;
  const line = element("path", {
    d: path,
    stroke: color,
    "stroke-width": isThin ? 1 : 2,
    // Otherwise the dashes within it could not be told.
    "stroke-opacity": isScatter ? 0.6 : undefined,
    "stroke-dasharray": isDashed ? "6 4" : undefined,
  });
  // A piece of one point has no line.
  const single = isDashed && points.length <= DOTS ? pieces.flat() : pieces.filter((each) => each.length === 1).flat();
  const dots = single.map(({ cycle, value }) =>
    element("circle", {
      cx: x(cycle),
      cy: y(value),
      r: isDashed ? 2.5 : 3,
      fill: isDashed ? "#fff" : color,
      stroke: color,
      "stroke-width": isDashed ? 1.5 : 1,
    }),
  );
  return (path === "" ? "" : line) + dots.join("");
}

/** A frame with axes, marks of epochs and curves. */
export function drawPanel({ title, left, top, width, height, curves, values, cycles, epochs }: Panel) {
  const [right, bottom] = [left + width, top + height];
  const x = (cycle: number) => left + cycles.place(cycle) * width;
  const y = (value: number) => bottom - (values?.place(value) ?? 0) * height;
  const heading = label(left, top - 30, title, { "font-size": 15, "font-weight": 600, fill: "#1f2328" });
  const frame = element("rect", { x: left, y: top, width, height, fill: "none", stroke: "#8c959f", ...SHARP });
  if (values === undefined) {
    const middle = { "text-anchor": "middle", fill: QUIET };
    return heading + frame + label(left + width / 2, top + height / 2 + 4, "nothing measured", middle);
  }
  const grid = values.ticks.map(({ value }) => `M${at(left)} ${at(y(value))}H${at(right)}`).join("");
  const marks = epochs.map(({ cycle }) => `M${at(x(cycle))} ${at(top)}V${at(bottom)}`).join("");
  const side = values.ticks.map(({ value, text }) => label(left - 8, y(value) + 4, text, { "text-anchor": "end" }));
  const below = cycles.ticks.map(({ value, text }) => label(x(value), bottom + 18, text, { "text-anchor": "middle" }));
  const numbers = epochs
    .filter(({ cycle }) => x(cycle) > left + 48)
    .map(({ cycle, epoch }) => label(x(cycle), top - 7, String(epoch), { "text-anchor": "middle", "font-size": 11 }));
  const above = numbers.length === 0 ? "" : label(left, top - 7, "epoch", { "font-size": 11 });
  return [
    heading,
    element("path", { d: grid, stroke: GRID, ...SHARP }),
    marks === "" ? "" : element("path", { d: marks, stroke: EPOCH, "stroke-width": 0.75 }),
    frame,
    element("g", { fill: QUIET }, [...side, ...below, above, ...numbers].join("")),
    label(left + width / 2, bottom + 38, "cycles", { "text-anchor": "middle", fill: QUIET }),
    element("g", { fill: "none", "stroke-linejoin": "round" }, curves.map((curve) => drawCurve(curve, x, y)).join("")),
  ].join("\n");
}
