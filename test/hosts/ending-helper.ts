/** Joins a phase of the kernels like a helper, and ends. */
import { parentPort, workerData } from "node:worker_threads";
import * as slots from "../../src/kernels/wasm/slots.ts";

const { memory } = workerData as { memory: SharedArrayBuffer };
const table = new Int32Array(memory, slots.TABLE, slots.SLOT_COUNT);
parentPort!.postMessage("ready");
for (;;) {
  const word = Atomics.load(table, slots.OPEN_PHASE);
  const isOpen = (word & slots.PHASE_CLOSED) === 0;
  if (!isOpen) Atomics.wait(table, slots.OPEN_PHASE, word);
  else if (Atomics.compareExchange(table, slots.OPEN_PHASE, word, word + 1) === word) break;
}
process.exit();
