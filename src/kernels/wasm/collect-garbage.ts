import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | null = null;

/**
 * Returns the memory of this thread's unused wasm memories to the machine. V8 does not count shared memories, so it
 * would not collect them by itself. This takes two collections with a turn of the event loop between them; `then` is
 * called afterwards.
 */
export function collectGarbage(then: () => void = () => {}): void {
  if (collect === null) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  collect();
  setTimeout(() => {
    collect!();
    setImmediate(then);
  }, 1);
}
