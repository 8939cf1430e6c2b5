import { HostLostError } from "../hosts/host-errors.ts";
import { TaskError } from "./task-error.ts";

const LOSSES_MAX = 3;

/**
 * Decides whether a task may go on after its host's process ended: yes, unless that happened several times in the middle
 * of its work, without any progress in between. Then the task itself is the likely reason, and trying for ever would hurt
 * its neighbours.
 */
export class HostLosses {
  #count = 0;
  #cycle = -1;

  /** Throws what a runner must fail with; returns when it may try again. */
  accept(error: unknown, cycle: number): void {
    if (!(error instanceof HostLostError)) throw error;
    if (!error.wasUnderWay) return;
    this.#count = cycle > this.#cycle ? 1 : this.#count + 1;
    this.#cycle = Math.max(this.#cycle, cycle);
    if (this.#count >= LOSSES_MAX) throw new TaskError(error.message, { cause: error });
  }
}
