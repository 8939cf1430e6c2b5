/** Checks the bytes of a network and returns them. */
import { parentPort, workerData } from "node:worker_threads";
import { StateError } from "../network/state-error.ts";
import { checkState } from "../network/state-file.ts";

export type CheckedNetwork = { kind: "right"; bytes: Uint8Array<ArrayBuffer> } | { kind: "wrong"; reason: string };

const bytes = workerData as Uint8Array<ArrayBuffer>;
try {
  checkState(bytes);
  parentPort?.postMessage({ kind: "right", bytes } satisfies CheckedNetwork, [bytes.buffer]);
} catch (error) {
  if (!(error instanceof StateError)) throw error;
  parentPort?.postMessage({ kind: "wrong", reason: error.message } satisfies CheckedNetwork);
}
