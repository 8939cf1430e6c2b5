import type { Part, RequestRun } from "../../network/run.ts";

/** Maximum data on the device at once, far below every limit of a binding. */
const CHUNK_BYTES = 64 * 1024 * 1024;

/** Splits a run into parts of whole steps (of `stepCycles` cycles), whose data fits on the device. */
export function* chunksOf(
  { cycles, inputs }: RequestRun,
  { outputs, stepCycles }: { outputs: number; stepCycles: number },
): Generator<Part, void, undefined> {
  const rowBytes = Math.max(4, outputs * 4, ...inputs.map(({ values, width }) => values.BYTES_PER_ELEMENT * width));
  const chunk = Math.max(1, Math.floor(CHUNK_BYTES / (rowBytes * stepCycles))) * stepCycles;
  for (let first = 0; first < cycles; first += chunk) yield { first, cycles: Math.min(chunk, cycles - first) };
}
