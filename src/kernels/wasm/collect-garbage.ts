import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | null = null;

/**
 * Gives the memory of this thread's unused wasm memories back to the machine. The engine of JavaScript does not count
 * shared memories, so it would not begin by itself. It takes two collections with a turn of the event loop in between;
 * `then` is called after that.
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
