import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { Dock } from "./dock.ts";
import type { WasmMemory, WasmModule } from "./web-assembly.ts";

/** Words that the helpers read between docks: a counter of changes, and the id of the dock in use. */
export const TURN = 0;
export const DOCK = 1;
const NO_DOCK = 0;

/** Messages to the helpers, in addition to these words. */
export type HelperMessage =
  | { dock: number; memory: WasmMemory }
  | { kept: number; memory: WasmMemory }
  | { dropped: number[] };

export interface HelperData {
  module: WasmModule;
  port: MessagePort;
  control: Int32Array;
  thread: number;
}

/**
 * The helper threads of an engine. They stay in the dock that the leading thread used last, so that the network's next
 * step need not call them. No step waits for a helper that has not arrived yet.
 */
export class Helpers {
  readonly #control = new Int32Array(new SharedArrayBuffer(8));
  readonly #workers: Worker[] = [];
  readonly #ports: MessagePort[] = [];
  readonly #told = new Set<number>();
  #dock: Dock | null = null;

  /** Starts threads 1 up to `threads`; each holds one of the lifelines for as long as it lives. */
  constructor(module: WasmModule, threads: number, lifelines: MessagePort[]) {
    for (let thread = 1; thread < threads; thread++) {
      const { port1, port2: port } = new MessageChannel();
      const lifeline = lifelines[thread - 1];
      const data: HelperData = { module, port, control: this.#control, thread };
      const worker = new Worker(new URL("./kernel-thread.js", import.meta.url), {
        workerData: { ...data, lifeline },
        transferList: lifeline === undefined ? [port] : [port, lifeline],
        name: `kernels-${thread}`,
      });
      // A helper waits for work forever; it must not keep the process alive.
      worker.unref();
      this.#workers.push(worker);
      this.#ports.push(port1);
    }
  }

  /** The dock that the helpers are in, or on their way to. */
  get dock(): Dock | null {
    return this.#dock;
  }

  /** Calls the helpers into a dock; null calls them out of their current one. */
  attend(dock: Dock | null): void {
    if (dock === this.#dock || this.#workers.length === 0) return;
    this.#dock?.dismiss();
    this.#dock = dock;
    if (dock !== null) {
      dock.admit();
      if (!this.#told.has(dock.id)) this.#tell({ dock: dock.id, memory: dock.memory });
      this.#told.add(dock.id);
    }
    Atomics.store(this.#control, DOCK, dock?.id ?? NO_DOCK);
    this.#wake();
  }

  /**
   * Makes the helpers hold the memories of these docks until `forget`. Returning 100 MB to the machine takes 20 ms in
   * the thread that is the last to hold the memory.
   */
  keep(docks: Dock[]): void {
    for (const { id, memory } of docks) {
      if (this.#told.has(id) || this.#workers.length === 0) continue;
      this.#tell({ kept: id, memory });
      this.#told.add(id);
    }
  }

  /** Makes the helpers forget docks and release their memories. */
  forget(docks: number[]): void {
    const dropped = docks.filter((id) => this.#told.delete(id));
    if (dropped.length === 0) return;
    this.#tell({ dropped });
    if (this.#dock !== null) this.attend(null);
    else this.#wake();
  }

  async close(): Promise<void> {
    for (const port of this.#ports) port.close();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #wake(): void {
    Atomics.add(this.#control, TURN, 1);
    Atomics.notify(this.#control, TURN);
  }

  #tell(message: HelperMessage): void {
    for (const port of this.#ports) port.postMessage(message);
  }
}
