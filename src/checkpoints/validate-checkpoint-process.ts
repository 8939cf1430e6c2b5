/** Checks a checkpoint's file as a restore would, and reports the first error. */
import { widthExcess } from "../limits/width-excess.ts";
import { StateError } from "../network/state-error.ts";
import { checkState } from "../network/state-file.ts";
import { readWholeFile } from "../files/read-whole-file.ts";
import { answerJob } from "../processes/answer-job.ts";
import type { CheckpointJob, CheckpointVerdict } from "./finalize-checkpoint.ts";

answerJob(async ({ path, limits }: CheckpointJob): Promise<CheckpointVerdict> => {
  try {
    const widths = checkState(await readWholeFile(path));
    for (const [what, ports] of [["input", widths.inputs] as const, ["output", widths.outputs] as const]) {
      for (const { name, values } of ports) {
        const excess = widthExcess(limits, what, values);
        if (excess !== undefined) return { kind: "wrong", reason: `its ${what} '${name}' ${excess}` };
      }
    }
    return { kind: "right" };
  } catch (error) {
    if (error instanceof StateError) return { kind: "wrong", reason: error.message };
    return { kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
});
