import { HanamiError } from "../errors.ts";
import type { Clusters } from "../resources/clusters.ts";
import type { Datasets } from "../resources/datasets.ts";
import type { Tasks } from "../resources/tasks.ts";

/** What the commands for whole tables call. */
export interface TableResources {
  readonly datasets: Datasets;
  readonly clusters: Clusters;
  readonly tasks: Tasks;
}

/** A file or a column that cannot be learnt or answered; found before the server was asked for it. */
export class TableError extends HanamiError {}

/** Undoes steps, the last one first, when work fails: the error then names what could not be deleted. */
export class Undo {
  readonly #steps: { what: string; run: () => Promise<unknown> }[] = [];

  /** `what` is made, and `run` deletes it. */
  add(what: string, run: () => Promise<unknown>): void {
    this.#steps.unshift({ what, run });
  }

  async after(error: unknown): Promise<void> {
    const left = await this.run();
    if (left.length > 0 && error instanceof Error) error.message += ` Not deleted: ${left.join(", ")}.`;
  }

  /** Resolves to what could not be deleted. */
  async run(): Promise<string[]> {
    const left: string[] = [];
    for (const { what, run } of this.#steps.splice(0)) await run().catch(() => left.push(what));
    return left;
  }
}
