/**
 * A helping thread: works on what the leading thread starts in the dock that it has called the helpers into, until it is
 * terminated. Its lifeline closes when it ends, however that happens.
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

/** Reads what has come meanwhile. Returns whether docks were dropped. */
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
    // V8 forgets a growth that falls between reading a memory and knowing it: `memory.fill` would then stop at the old end
    // for ever. From here on this thread is told of every growth, and this one brings it up to date.
    memory.grow(0);
    docks.set(dock, { kernels, words: new Int32Array(memory.buffer, slots.TABLE, slots.SLOT_COUNT) });
  }
  return isDropped;
}

/** Helps until called away. When a kernel stops, the leader is told so, and the thread goes on. */
function helpIn({ kernels, words }: Known): void {
  try {
    kernels.help(thread);
  } catch {
    // Only what it joined can stop it.
    Atomics.store(words, slots.FAILED, 1);
    Atomics.add(words, slots.DONE, 1);
    Atomics.notify(words, slots.DONE);
  }
}

function work(): void {
  for (;;) {
    const turn = Atomics.load(control, TURN);
    if (readMessages()) {
      // Memories go with the next turn of the event loop after a collection.
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
