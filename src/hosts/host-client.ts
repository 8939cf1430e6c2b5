import { HostClosedError, HostError, HostLostError } from "./host-errors.ts";
import type { DeviceFacts, Host, HostFacts, HostStatus, RequestSlice, TablePart, TrainSlice } from "./host.ts";
import { type HostLink, type HostMethod, type HostReply, type OpenHostLink, transferables } from "./protocol.ts";

interface Pending {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * The server's side of a host: turns calls into messages and matches the replies by id. The process is started by
 * the first call and, should it end by itself, by the next call after that; what it held is gone (`generation`).
 */
export class HostClient implements Host {
  readonly uuid: string;
  readonly type: "cpu" | "gpu";
  readonly name: string;
  readonly device: DeviceFacts | undefined;
  generation = 0;
  lastStatus: HostStatus | null = null;
  readonly #open: OpenHostLink;
  readonly #pending = new Map<number, Pending>();
  #link: HostLink | null = null;
  #nextId = 1;
  #closed = false;

  constructor(facts: HostFacts, open: OpenHostLink) {
    this.uuid = facts.uuid;
    this.type = facts.type;
    this.name = facts.name;
    this.device = facts.device;
    this.#open = open;
  }

  /** While the host computes, the answer is the one that came with its last reply: nobody waits for a slice. */
  async status(): Promise<HostStatus> {
    if (this.#pending.size > 0 && this.lastStatus !== null) return this.lastStatus;
    return this.#call("status", []);
  }

  create(cluster: string, options: { template: string; seed: number }) {
    return this.#call("create", [cluster, options]);
  }

  attach(cluster: string, state: Uint8Array) {
    return this.#call("attach", [cluster, state]);
  }

  exportState(cluster: string) {
    return this.#call("exportState", [cluster]);
  }

  detach(cluster: string) {
    return this.#call("detach", [cluster]);
  }

  async train(cluster: string, slice: TrainSlice) {
    if (slice.table !== undefined && !this.keepsTables) throw new HostError("table", "this host keeps no tables");
    return this.#call("train", [cluster, slice]);
  }

  async holdTable(cluster: string, part: TablePart) {
    return this.keepsTables && this.#call("holdTable", [cluster, part]);
  }

  async dropTable(cluster: string) {
    if (this.keepsTables) await this.#call("dropTable", [cluster]);
  }

  request(cluster: string, slice: RequestSlice) {
    return this.#call("request", [cluster, slice]);
  }

  get keepsTables(): boolean {
    return this.type === "gpu";
  }

  async close(): Promise<void> {
    this.#closed = true;
    const link = this.#link;
    this.#link = null;
    await link?.close();
    this.#rejectAll(new HostClosedError());
  }

  async #call<M extends HostMethod>(method: M, args: Parameters<Host[M]>): Promise<Awaited<ReturnType<Host[M]>>> {
    if (this.#closed) throw new HostClosedError();
    const link = this.#started();
    const id = this.#nextId++;
    const answered = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    try {
      link.post({ id, method, args }, transferables(args));
    } catch (error) {
      this.#pending.delete(id);
      throw error;
    }
    return (await answered) as Awaited<ReturnType<Host[M]>>;
  }

  #started(): HostLink {
    if (this.#link !== null) return this.#link;
    const link = this.#open({
      reply: (reply) => this.#settle(reply),
      lost: (reason) => {
        if (this.#link !== link) return;
        this.#link = null;
        this.generation += 1;
        this.lastStatus = null;
        this.#rejectAll(new HostLostError(reason));
      },
    });
    this.#link = link;
    return link;
  }

  #settle(reply: HostReply): void {
    this.lastStatus = reply.status;
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(new HostError(reply.error.kind, reply.error.message));
  }

  #rejectAll(error: Error): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const call of pending) call.reject(error);
  }
}
