import type { RunContext, RunningTask } from "../running-task.ts";
import { lastMetricsPoint } from "./metrics-points.ts";

const INTERVAL_MS = 500;

/** Tells of the last point of a training's curve: at once, then at most twice a second, and at the end. */
export class PointNews {
  readonly #active: Pick<RunningTask, "task" | "curve">;
  readonly #onPoint: NonNullable<RunContext["onPoint"]> | undefined;
  #toldMs = -Infinity;
  #timer: NodeJS.Timeout | null = null;

  constructor({ onPoint }: Pick<RunContext, "onPoint">, active: Pick<RunningTask, "task" | "curve">) {
    this.#active = active;
    this.#onPoint = onPoint;
  }

  /** The last point is new or has changed. */
  changed(): void {
    if (this.#onPoint === undefined || this.#timer !== null) return;
    const waitMs = this.#toldMs + INTERVAL_MS - performance.now();
    if (waitMs <= 0) this.#tell();
    else this.#timer = setTimeout(() => this.#tell(), waitMs).unref();
  }

  /** Tells now what would be told later. */
  flush(): void {
    if (this.#timer !== null) this.#tell();
  }

  #tell(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#toldMs = performance.now();
    const { curve, task } = this.#active;
    const point = curve === null ? undefined : lastMetricsPoint(curve);
    if (point !== undefined) this.#onPoint?.(task, point);
  }
}
