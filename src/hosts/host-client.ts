import { setTimeout as delay } from "node:timers/promises";
import { HostClosedError, HostError, HostHungError, HostLostError, silenceText } from "./host-errors.ts";
import type { DeviceFacts, Host, HostFacts, HostStatus } from "./host.ts";
import type { RequestRun, TablePart, TrainRun } from "../network/run.ts";
import { busyLoad, idleLoad } from "./load-meter.ts";
import { type HostLink, type HostMethod, type HostReply, type OpenHostLink, transferables } from "./protocol.ts";
import { Watchdog, type WatchedCall } from "./watchdog.ts";

interface Pending extends WatchedCall {
  method: HostMethod;
  /** The cluster whose network the call concerns. */
  cluster: unknown;
  /** Extra time beyond the limit for the data that the call carries. */
  allowanceMs: number;
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export interface HostClientOptions {
  /** Time limit of one call, after which the host is killed; defaults to Infinity. */
  timeoutMs?: number;
  /** Called when a call exceeds the limit. */
  onHung?(call: { host: string; method: HostMethod; cluster: unknown; seconds: number }): void;
}

/** A call that takes longer than this is unusual: the host's status reports it. */
const SILENT_MS = 10_000;
/** Time limit of a call while the server shuts down. */
const HURRY_MS = 10_000;
/** A state extends the time limit by a millisecond per this many bytes, because it is checked before it is attached. */
const BYTES_PER_MS = 20_000;
/** Time to wait for the end of a hung process before another one is started. */
const END_MS = 5_000;

/**
 * The server's side of a host: turns calls into messages and matches replies by id. The first call starts the process.
 * If the process ends by itself, the next call restarts it, without the networks that it held (`generation`).
 * The host works on one call at a time, so the oldest pending call is the running one, unless another call runs at one
 * of its yield points. When the running call exceeds its time limit, the process is killed. The calls that wait behind
 * it are lost, too, but waiting does not count towards their limits.
 */
export class HostClient implements Host {
  readonly uuid: string;
  readonly type: "cpu" | "gpu";
  readonly name: string;
  readonly device: DeviceFacts | undefined;
  generation = 0;
  lastStatus: HostStatus | null = null;
  lastTookMs = Infinity;
  readonly #open: OpenHostLink;
  readonly #options: HostClientOptions;
  readonly #watchdog: Watchdog;
  /** Clusters whose networks the host has. */
  readonly #networks = new Set<string>();
  readonly #leftListeners: ((cluster: string) => void)[] = [];
  readonly #statusListeners: (() => void)[] = [];
  #lastReplyMs = 0;
  /** Calls without a reply, in order of their ids. */
  readonly #pending = new Map<number, Pending>();
  /** The call that currently runs at a yield point of the oldest one. */
  #between: Pending | undefined;
  #timeoutMs: number;
  #link: HostLink | null = null;
  /** Resolves once a hung process is gone. */
  #ending: Promise<void> | null = null;
  #nextId = 1;
  #closed = false;

  constructor(facts: HostFacts, open: OpenHostLink, options: HostClientOptions = {}) {
    this.uuid = facts.uuid;
    this.type = facts.type;
    this.name = facts.name;
    this.device = facts.device;
    this.#open = open;
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? Infinity;
    this.#watchdog = new Watchdog({
      underWay: () => this.#underWay,
      limitMs: () => this.#limitMs(),
      onLimit: () => void this.#endHung(),
    });
  }

  /** While the host computes, returns the status of its last reply instead of waiting for the slice to end. */
  async status(): Promise<HostStatus> {
    const known = this.knownStatus;
    if (this.#pending.size > 0 && known !== null) return known;
    // The first call does not end, so there is no last status to return.
    if (this.silentMs > 0) throw new HostError("hung", silenceText(this.silentMs));
    const answered = new AbortController();
    const late = delay(SILENT_MS, undefined, { signal: answered.signal, ref: false }).then(() => {
      throw new HostError("hung", silenceText(SILENT_MS));
    });
    return Promise.race([this.#call("status", []), late]).finally(() => answered.abort());
  }

  get knownStatus(): HostStatus | null {
    if (this.lastStatus === null) return null;
    const { load } = this.lastStatus;
    const isIdle = this.#pending.size === 0;
    if (isIdle) return { ...this.lastStatus, load: idleLoad(load, performance.now() - this.#lastReplyMs) };
    return { ...this.lastStatus, load: this.silentMs > 0 ? 1 : busyLoad(load, this.#watchdog.waitedMs) };
  }

  get silentMs(): number {
    const { waitedMs } = this.#watchdog;
    return waitedMs >= Math.min(SILENT_MS, this.#timeoutMs / 2) ? waitedMs : 0;
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

  async setEncoders(cluster: string, text: string) {
    await this.#call("setEncoders", [cluster, text]);
  }

  async detach(cluster: string) {
    this.#networks.delete(cluster);
    await this.#call("detach", [cluster]);
  }

  async markIdle(cluster: string) {
    await this.#call("markIdle", [cluster]);
  }

  markBusy(cluster: string) {
    return this.#call("markBusy", [cluster]);
  }

  has(cluster: string): boolean {
    return this.#networks.has(cluster);
  }

  onLeft(listener: (cluster: string) => void): void {
    this.#leftListeners.push(listener);
  }

  onStatus(listener: () => void): void {
    this.#statusListeners.push(listener);
  }

  async train(cluster: string, run: TrainRun) {
    if (run.table !== undefined && !this.keepsTables) throw new HostError("table", "this host keeps no tables");
    return this.#call("train", [cluster, run]);
  }

  async keepTable(cluster: string, part: TablePart) {
    return this.keepsTables && this.#call("keepTable", [cluster, part]);
  }

  async dropTable(cluster: string) {
    if (this.keepsTables) await this.#call("dropTable", [cluster]);
  }

  request(cluster: string, run: RequestRun) {
    return this.#call("request", [cluster, run]);
  }

  get keepsTables(): boolean {
    return this.type === "gpu";
  }

  get servesBetween(): boolean {
    return this.type === "cpu";
  }

  hurry(): void {
    this.#timeoutMs = Math.min(this.#timeoutMs, HURRY_MS);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchdog.stop();
    const link = this.#link;
    this.#link = null;
    await Promise.all([link?.close(), this.#ending]);
    for (const call of this.#takeCalls()) call.reject(new HostClosedError());
  }

  async #call<M extends HostMethod>(method: M, args: Parameters<Host[M]>): Promise<Awaited<ReturnType<Host[M]>>> {
    if (this.#ending !== null) await this.#ending;
    if (this.#closed) throw new HostClosedError();
    const link = this.#started();
    const id = this.#nextId++;
    const [cluster, content] = args as unknown[];
    const allowanceMs = content instanceof Uint8Array ? content.byteLength / BYTES_PER_MS : 0;
    const answered = new Promise<unknown>((resolve, reject) =>
      this.#pending.set(id, { method, cluster, allowanceMs, resolve, reject }),
    );
    this.#watchdog.start();
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
      begun: (id) => {
        if (this.#link === link) this.#between = this.#pending.get(id);
      },
      lost: (reason) => {
        if (this.#link !== link) return;
        this.#forget();
        const between = this.#between;
        this.#takeCalls().forEach((call, nth) =>
          call.reject(new HostLostError(reason, { wasUnderWay: nth === 0 || call === between })),
        );
      },
    });
    this.#link = link;
    return link;
  }

  #settle(reply: HostReply): void {
    this.lastStatus = reply.status;
    this.#lastReplyMs = performance.now();
    this.lastTookMs = reply.tookMs ?? Infinity;
    for (const cluster of reply.left) this.#left(cluster);
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.ok && (pending?.method === "create" || pending?.method === "attach"))
      this.#networks.add(pending.cluster as string);
    if (pending === this.#between) this.#between = undefined;
    if (reply.ok) pending?.resolve(reply.value);
    else pending?.reject(new HostError(reply.error.kind, reply.error.message));
    for (const listener of this.#statusListeners) listener();
  }

  get #underWay(): Pending | undefined {
    if (this.#between !== undefined) return this.#between;
    const first = this.#pending.values().next();
    return first.done === true ? undefined : first.value;
  }

  #limitMs(): number {
    // The first call of a GPU's process also waits for the device to open.
    const factor = this.lastStatus === null && this.type === "gpu" ? 2 : 1;
    return factor * this.#timeoutMs + (this.#underWay?.allowanceMs ?? 0);
  }

  /** Kills the process in the middle of its work, whose result is no longer needed. */
  async #endHung(): Promise<void> {
    const link = this.#link;
    if (link === null) return;
    const seconds = Math.round(this.#watchdog.waitedMs / 1000);
    const hung = this.#underWay;
    const calls = this.#takeCalls();
    this.#forget();
    if (hung !== undefined) {
      this.#options.onHung?.({ host: this.uuid, method: hung.method, cluster: hung.cluster, seconds });
    }
    const ended = new AbortController();
    this.#ending = Promise.race([
      link.close(true),
      delay(END_MS, undefined, { signal: ended.signal, ref: false }).catch(() => undefined),
    ]).then(() => {
      ended.abort();
      this.#ending = null;
    });
    await this.#ending;
    for (const call of calls) {
      call.reject(
        call === hung
          ? new HostHungError(seconds)
          : new HostLostError("it was ended, because another call did not end", { wasUnderWay: false }),
      );
    }
  }

  /** Resets everything that depends on the process, which is gone. */
  #forget(): void {
    this.#watchdog.stop();
    this.#link = null;
    this.generation += 1;
    this.lastStatus = null;
    this.lastTookMs = Infinity;
    for (const cluster of this.#networks) this.#left(cluster);
    for (const listener of this.#statusListeners) listener();
  }

  #left(cluster: string): void {
    this.#networks.delete(cluster);
    for (const listener of this.#leftListeners) listener(cluster);
  }

  #takeCalls(): Pending[] {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    this.#between = undefined;
    return calls;
  }
}
