import { and, eq } from "drizzle-orm";
import type { RecordWith, TaskPosition } from "../../clusters/network-progress.ts";
import type { Db } from "../../db/client.ts";
import { onOutcome } from "../../db/commit-listeners.ts";
import { tasks } from "../../db/schema/index.ts";
import type { RunningTask } from "../running-task.ts";
import { Curve, type CurveFacts } from "./curve.ts";
import { curveText, readCurve } from "./curve-text.ts";

/**
 * The curve of a training whose network contains `cycle` cycles of it: the one at hand, or after a fallback and a new
 * start the one that was recorded with the network's snapshot.
 */
export async function curveAt(
  db: Db,
  { task, curve }: Pick<RunningTask, "task" | "curve">,
  { facts, cycle }: { facts: CurveFacts; cycle: number },
): Promise<Curve> {
  if (curve?.cycle === cycle) return curve;
  const kept = cycle === 0 ? undefined : await keptCurve(db, task.uuid);
  // A task that an older server began has a curve from here on.
  if (kept?.cycle !== cycle || namesOf(kept.facts) !== namesOf(facts)) return new Curve(facts, cycle);
  return new Curve(facts, kept.start, kept);
}

/** Undefined for a task without a curve. */
export async function keptCurve(db: Db, taskUuid: string): Promise<Curve | undefined> {
  const [row] = await db.select({ text: tasks.metrics }).from(tasks).where(eq(tasks.uuid, taskUuid));
  return typeof row?.text === "string" ? readCurve(row.text) : undefined;
}

const namesOf = ({ hexagons, outputs }: CurveFacts) => [hexagons, ...outputs.map(({ name }) => name)].join();

/** The position of a network that has just learnt what the curve tells, to which a slice may be added. */
export function positionOn(curve: Curve, taskUuid: string, cycle: number): TaskPosition {
  return { taskUuid, cycle, takeRecord: () => (curve.cycle === cycle ? recordOf(curve, taskUuid) : undefined) };
}

function recordOf(curve: Curve, taskUuid: string): RecordWith | undefined {
  if (curve.isKept) return undefined;
  const { changes } = curve;
  const text = curveText(curve);
  return async (tx) => {
    // A task that has ended meanwhile has its last curve.
    const isActive = and(eq(tasks.uuid, taskUuid), eq(tasks.state, "active"));
    await tx.update(tasks).set({ metrics: text }).where(isActive);
    onOutcome(tx, (outcome) => {
      if (outcome === "committed") curve.kept(changes);
    });
  };
}

/** What the end of a training after this cycle adds to what the snapshots have recorded. */
export function curveEnd({ curve }: Pick<RunningTask, "curve">, cycle: number): { curve?: string } {
  return curve === null || curve.cycle !== cycle || curve.isKept ? {} : { curve: curveText(curve) };
}
