import { HostError, HostLostError, isOfKind } from "../hosts/host-errors.ts";
import type { Host, RequestReport, TrainReport } from "../hosts/host.ts";
import type { RequestRun, RunRows, TablePart, TrainRun } from "../network/run.ts";
import { isSmall } from "../hosts/short-calls.ts";
import type { Attachment } from "./attachment.ts";
import { Hangs } from "./hangs.ts";
import type { NetworkResources } from "./network-resources.ts";

interface TrainOptions {
  mayStart: (host: Host) => boolean;
  readRows: (() => Promise<RunRows>) | undefined;
}

/**
 * Calls the host that has one cluster's network. Each call waits for the cluster's turn in the host's queue. After
 * several hangs, calls are refused for a while.
 */
export class HostCalls {
  /** Hangs of the network's work on its host. */
  readonly hangs = new Hangs();
  readonly #resources: NetworkResources;
  readonly #attachment: Attachment;

  constructor(resources: NetworkResources, attachment: Attachment) {
    this.#resources = resources;
    this.#attachment = attachment;
  }

  /**
   * Trains a run. A failure may leave the network half-updated, so the last snapshot replaces it; a missing table
   * changes nothing. Null, and nothing has happened, when the run may not start at its turn. `readRows` is called at
   * that turn for the rows of a run without any.
   */
  async train(run: TrainRun, { mayStart, readRows }: TrainOptions): Promise<TrainReport | null> {
    this.hangs.check();
    let report: TrainReport | null;
    try {
      const train = async (host: Host, rows: TrainRun) => {
        if (!mayStart(host)) return null;
        return host.train(this.#attachment.uuid, readRows === undefined ? rows : { ...rows, ...(await readRows()) });
      };
      report = await this.#compute(train, run);
    } catch (error) {
      throw await this.#afterChange(error);
    }
    if (report === null) return null;
    this.#noteWork("train", run, report.elapsedMs);
    this.#attachment.noteFigures(report.figures);
    return report;
  }

  async request(run: RequestRun): Promise<RequestReport> {
    this.hangs.check();
    const report = await this.#compute((host, rows) => host.request(this.#attachment.uuid, rows), run);
    if (report.remembers) this.#noteChange();
    this.#noteWork("request", run, report.elapsedMs);
    return report;
  }

  async exportState(): Promise<Uint8Array> {
    return this.#call((host) => host.exportState(this.#attachment.uuid), {
      isShort: isSmall(this.#networkBytes),
    });
  }

  async setEncoders(text: string): Promise<void> {
    await this.#call((host) => host.setEncoders(this.#attachment.uuid, text), { isShort: true });
    this.#noteChange();
    this.#attachment.noteEncoders(text);
  }

  /** False when the host keeps no tables. Fails like `train`. */
  async keepTable(part: TablePart): Promise<boolean> {
    try {
      const isKept = await this.#call((host) => host.keepTable(this.#attachment.uuid, part));
      this.#noteChange();
      return isKept;
    } catch (error) {
      throw await this.#afterChange(error);
    }
  }

  async dropTable(): Promise<void> {
    const { live, uuid } = this.#attachment;
    if (live !== null) await live.host.dropTable(uuid);
  }

  /** Calls with the rows of a run, which are handed over. */
  #compute<Run extends RequestRun, T>(call: (host: Host, run: Run) => Promise<T>, run: Run): Promise<T> {
    // When the host has dropped the idle network, the rows are needed again.
    const carryOut = (host: Host) => call(host, this.#attachment.live?.isIdle === true ? structuredClone(run) : run);
    return this.#call(carryOut, { isShort: this.#isShort(run), isUrgent: true });
  }

  /** Attaches the network to its host first, also after the host has just dropped it. */
  async #call<T>(call: (host: Host) => Promise<T>, kind: { isShort?: boolean; isUrgent?: boolean } = {}): Promise<T> {
    const attachment = this.#attachment;
    for (;;) {
      const attached = await attachment.ready();
      const { host, projectId } = attached;
      const carryOut = async () => {
        if (attached.generation !== host.generation) {
          throw new HostLostError("it ended before the cluster had its turn", { wasUnderWay: false });
        }
        if (attachment.live === null) throw new HostError("unknown_cluster", "the host has dropped the network");
        return this.hangs.watch(call(host));
      };
      try {
        const owner = { projectId, clusterUuid: attachment.uuid };
        return await this.#resources.hosts.queue(host).run(owner, carryOut, kind);
      } catch (error) {
        if (!attached.isIdle || !isOfKind(error, "unknown_cluster")) throw error;
        attachment.forget();
      }
    }
  }

  /** Puts the last snapshot in the place of a network that a failed call may have left half-changed. */
  async #afterChange(error: unknown): Promise<unknown> {
    if (isOfKind(error, "crowded")) this.#attachment.outgrown();
    if (error instanceof HostError && error.kind !== "table") await this.#attachment.abandon();
    return error;
  }

  #noteChange(): void {
    const { live } = this.#attachment;
    if (live !== null) live.isIdle = false;
  }

  get #networkBytes(): number {
    return this.#attachment.live?.info.figures.bytes ?? Infinity;
  }

  #isShort(run: RequestRun | TrainRun): boolean {
    return this.#attachment.shortCycles.isShort(run, this.#networkBytes);
  }

  #noteWork(kind: "train" | "request", run: RequestRun | TrainRun, elapsedMs: number): void {
    const { cycles } = run;
    if (kind === "train") this.#noteChange();
    this.#attachment.shortCycles.note(run, elapsedMs);
    const { hosts, metrics } = this.#resources;
    const host = this.#attachment.attached?.host;
    if (host === undefined) return;
    const labels = { index: hosts.list().indexOf(host), type: host.type };
    metrics.computed({ cluster: this.#attachment.uuid, host: labels, kind, cycles, elapsedMs });
  }
}
