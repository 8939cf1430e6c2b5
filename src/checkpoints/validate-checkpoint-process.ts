/** Reads a checkpoint's file as a restore would, and says what is wrong with it. */
import { StateError } from "../network/state-error.ts";
import { checkState } from "../network/state-file.ts";
import { readWholeFile } from "../read-whole-file.ts";
import { answerJob } from "../run-in-process.ts";
import type { CheckpointVerdict } from "./finalize-checkpoint.ts";

answerJob(async ({ path }: { path: string }): Promise<CheckpointVerdict> => {
  try {
    checkState(await readWholeFile(path));
    return { kind: "right" };
  } catch (error) {
    if (error instanceof StateError) return { kind: "wrong", reason: error.message };
    return { kind: "failed", error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
});
