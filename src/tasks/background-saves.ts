import { HostClosedError } from "../hosts/host-errors.ts";
import type { ClusterParts } from "./cluster-parts.ts";
import { reportError } from "./report-error.ts";

/** A save pauses a large network, so the delay before the next one is at least this multiple of the pause. */
const SAVE_PAUSES = 10;
const SAVE_DELAY_MS_MAX = 30_000;

/** Saves one cluster's network periodically while it changes. */
export class BackgroundSaves {
  readonly #cluster: ClusterParts;
  readonly #onSaved: () => void;
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> = Promise.resolve();
  #isSaving = false;
  #hasFailed = false;
  #delayMs: number;

  /** Calls `onSaved` after each save, also a failed one. */
  constructor(cluster: ClusterParts, onSaved: () => void) {
    this.#cluster = cluster;
    this.#onSaved = onSaved;
    this.#delayMs = cluster.resources.snapshotIntervalMs;
  }

  /** Schedules a save if the network has changed. */
  plan(): void {
    const { network, stop } = this.#cluster;
    // What a network on no host had learned since its snapshot is lost.
    if (!network.dirty || network.onHost === null || this.#timer !== null || stop.reason !== null) return;
    this.#timer = setTimeout(() => this.#start(), this.#delayMs);
  }

  /** Saves now what a timer would save later. False when nothing is being saved then, as after a failure. */
  hasten(): boolean {
    if (this.#isSaving) return true;
    if (this.#timer === null || this.#hasFailed) return false;
    clearTimeout(this.#timer);
    this.#start();
    return true;
  }

  /** True while no save is running or planned. */
  get isIdle(): boolean {
    return this.#timer === null;
  }

  #start(): void {
    this.#isSaving = true;
    this.#saving = this.#save().finally(() => {
      this.#isSaving = false;
      this.#timer = null;
      this.plan();
      this.#onSaved();
    });
  }

  cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Resolves when no save is running. */
  async idle(): Promise<void> {
    await this.#saving;
  }

  /** Exports the state between two slices; the file is written while the cluster computes. Never rejects. */
  async #save(): Promise<void> {
    const { resources, network, turns, uuid } = this.#cluster;
    let pausedMs = 0;
    try {
      const save = await turns.run(async () => {
        if (!network.dirty || network.onHost === null) return null;
        const start = performance.now();
        const started = await network.startSave();
        pausedMs = performance.now() - start;
        return started;
      });
      await save?.written;
      this.#hasFailed = false;
      this.#delayMs = Math.max(resources.snapshotIntervalMs, Math.min(SAVE_PAUSES * pausedMs, SAVE_DELAY_MS_MAX));
    } catch (error) {
      this.#hasFailed = true;
      this.#delayMs = Math.min(2 * this.#delayMs, SAVE_DELAY_MS_MAX);
      if (!(error instanceof HostClosedError)) {
        await reportError(resources, error, { context: `snapshot of cluster ${uuid}` });
      }
    }
  }
}
