/**
 * A helper thread: works on the phases that the leading thread starts in the dock that it called the helpers into,
 * until it is terminated. Its lifeline closes when the thread ends, for whatever reason.
 */
import { receiveMessageOnPort, workerData } from "node:worker_threads";
import { lowerThread, NICENESS } from "../../processes/priority.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { DOCK, TURN, type HelperData, type HelperMessage } from "./helpers.ts";
import { instantiate, type KernelExports } from "./kernels.ts";
import * as slots from "./slots.ts";
import type { WasmMemory } from "./web-assembly.ts";

interface Known {
  kernels: KernelExports;
  words: Int32Array;
}

const { module, port, control, thread } = workerData as HelperData;
const onlyTheLeader = () => {
  throw new Error("only the leading thread allocates");
};
const docks = new Map<number, Known>();
const kept = new Map<number, WasmMemory>();

/** Reads the pending messages. Returns whether docks were dropped. */
function readMessages(): boolean {
  let isDropped = false;
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
    const message = next.message as HelperMessage;
    if ("dropped" in message) {
      for (const id of message.dropped) {
        docks.delete(id);
        kept.delete(id);
      }
      isDropped = true;
      continue;
    }
    if ("kept" in message) {
      kept.set(message.kept, message.memory);
      continue;
    }
    const { dock, memory } = message;
    const kernels = instantiate(module, memory, { allocate: onlyTheLeader, split: onlyTheLeader });
    // V8 misses a growth that happens between receiving a memory and registering it: `memory.fill` would then stop at
    // the old end forever. From here on this thread is notified of every growth, and this one brings it up to date.
    memory.grow(0);
    docks.set(dock, { kernels, words: new Int32Array(memory.buffer, slots.TABLE, slots.SLOT_COUNT) });
  }
  return isDropped;
}

/** Helps until dismissed. When a kernel stops, notifies the leader, and the thread goes on. */
function helpIn({ kernels, words }: Known): void {
  try {
    kernels.help(thread);
  } catch {
    // A kernel only stops in a phase that this thread joined, so the leader waits for it in DONE.
    Atomics.store(words, slots.FAILED, 1);
    Atomics.add(words, slots.DONE, 1);
    Atomics.notify(words, slots.DONE);
  }
}

function work(): void {
  for (;;) {
    const turn = Atomics.load(control, TURN);
    if (readMessages()) {
      // Memories are freed in the next turn of the event loop after a collection.
      collectGarbage(work);
      return;
    }
    const known = docks.get(Atomics.load(control, DOCK));
    if (known === undefined) Atomics.wait(control, TURN, turn);
    else helpIn(known);
  }
}

lowerThread(NICENESS.host);
work();
