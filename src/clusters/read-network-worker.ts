/** Checks the bytes of networks, one after another, and returns them or the network's figures. */
import { parentPort } from "node:worker_threads";
import { figuresOf, type NetworkFigures } from "../network/network-figures.ts";
import { StateError } from "../network/state-error.ts";
import { adoptState, checkState } from "../network/state-file.ts";

export interface NetworkCheck {
  bytes: Uint8Array<ArrayBuffer>;
  wanted: "bytes" | "figures";
}

export type CheckedNetwork =
  | { kind: "bytes"; bytes: Uint8Array<ArrayBuffer> }
  | { kind: "figures"; figures: NetworkFigures }
  | { kind: "wrong"; reason: string };

const answer = (message: CheckedNetwork, transfer: ArrayBuffer[] = []) => parentPort?.postMessage(message, transfer);
parentPort?.on("message", ({ bytes, wanted }: NetworkCheck) => {
  try {
    checkState(bytes);
    if (wanted === "figures") answer({ kind: "figures", figures: figuresOf(adoptState(bytes)) });
    else answer({ kind: "bytes", bytes }, [bytes.buffer]);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    answer({ kind: "wrong", reason: error.message });
  }
});
