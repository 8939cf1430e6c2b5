import { HostLostError, isOfKind } from "../hosts/host-errors.ts";
import type { RunningTask } from "./running-task.ts";
import { TaskError } from "./task-error.ts";

const LOSSES_MAX = 3;

/**
 * Decides whether a task may retry after its host had no room beside the networks in use, or after the host's process
 * ended. It may not wait for room when it has to stop, nor retry after several losses in the middle of its work without
 * progress in between: then the task itself is the likely cause, and endless retries would hurt its neighbours.
 */
export class HostLosses {
  readonly #active: Pick<RunningTask, "stop">;
  #count = 0;
  #cycle = -1;

  constructor(active: Pick<RunningTask, "stop">) {
    this.#active = active;
  }

  /** Returns when the runner may retry; otherwise throws the error that the task fails with. */
  accept(error: unknown, cycle: number): void {
    if (isOfKind(error, "crowded") && this.#active.stop === null) return;
    if (!(error instanceof HostLostError)) throw error;
    if (!error.wasUnderWay) return;
    this.#count = cycle > this.#cycle ? 1 : this.#count + 1;
    this.#cycle = Math.max(this.#cycle, cycle);
    if (this.#count >= LOSSES_MAX) throw new TaskError(error.message, { cause: error });
  }
}
