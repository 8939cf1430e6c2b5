import type { BaseDataset } from "./base-datasets.ts";
import type { HostKind, Lineage, Step } from "./model.ts";

const cyclesOfStep = (base: readonly BaseDataset[], step: Step): number =>
  step.kind === "direct" ? step.cycles : step.epochs * (base[step.dataset] as BaseDataset).rows;

export const cyclesOf = (base: readonly BaseDataset[], { steps }: Lineage): number =>
  steps.reduce((sum, step) => sum + cyclesOfStep(base, step), 0);

export const withStep = (lineage: Lineage, step: Step): Lineage => ({ ...lineage, steps: [...lineage.steps, step] });

/** Adds one cycle of direct IO. */
export function withDirectCycle(lineage: Lineage, host: HostKind): Lineage {
  const last = lineage.steps.at(-1);
  if (last?.kind !== "direct" || last.host !== host) return withStep(lineage, { kind: "direct", cycles: 1, host });
  return { ...lineage, steps: [...lineage.steps.slice(0, -1), { ...last, cycles: last.cycles + 1 }] };
}

/** The lineage after this many cycles, the last of which belong to direct IO. */
export function cut(base: readonly BaseDataset[], lineage: Lineage, cycles: number): Lineage {
  const steps: Step[] = [];
  let left = cycles;
  for (const step of lineage.steps) {
    const own = cyclesOfStep(base, step);
    if (left === 0) break;
    if (own <= left) steps.push(step);
    else if (step.kind === "direct") steps.push({ ...step, cycles: left });
    else throw new Error(`${cycles} cycles end within a training task`);
    left -= Math.min(own, left);
  }
  return { ...lineage, steps };
}
