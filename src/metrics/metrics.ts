import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { ClusterCycles } from "./cluster-cycles.ts";
import { ClusterScores } from "./cluster-scores.ts";
import { EndedTasks } from "./ended-tasks.ts";

const answerSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
/** A cycle of a small network takes less than a millisecond. */
const messageSeconds = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/** The limits on connections and rates that can refuse a client. */
const REFUSALS = ["connections", "sockets", "waits", "events", "requests", "logins"] as const;
type Refusal = (typeof REFUSALS)[number];

/** Identifies a host by its index in the list: its uuid changes with the database, and its name may hold anything. */
export const hostLabels = (index: number, type: string) => ({ host: String(index), type });

/**
 * Counters and histograms of the server, for Prometheus. Each label has a few values that are known in advance; it
 * never holds a client's text, and in particular no user, project or resource.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #registers = [this.#registry];
  #isProcessWanted = false;

  readonly requests = new Counter({
    name: "hanami_http_requests_total",
    help: "Answers of the API. The route is none for paths that are no endpoint.",
    labelNames: ["method", "route", "status"],
    registers: this.#registers,
  });
  readonly requestSeconds = new Histogram({
    name: "hanami_http_request_duration_seconds",
    help: "From the first byte of a request to its answer; the body of a download follows later.",
    labelNames: ["method", "route"],
    buckets: answerSeconds,
    registers: this.#registers,
  });
  readonly messageSeconds = new Histogram({
    name: "hanami_websocket_message_duration_seconds",
    help: "From a websocket message to its answer.",
    labelNames: ["target"],
    buckets: messageSeconds,
    registers: this.#registers,
  });
  readonly refusals = new Counter<"limit">({
    name: "hanami_limit_refusals_total",
    help: "Clients that were refused by a limit on connections or rates.",
    labelNames: ["limit"],
    registers: this.#registers,
  });
  readonly uploadBytes = new Counter({
    name: "hanami_upload_bytes_total",
    help: "Bytes of uploads that were written.",
    registers: this.#registers,
  });
  readonly cycles = new Counter({
    name: "hanami_cycles_total",
    help: "Cycles that hosts computed: of tasks and of direct IO.",
    labelNames: ["host", "type", "kind"],
    registers: this.#registers,
  });
  readonly computeSeconds = new Counter({
    name: "hanami_compute_seconds_total",
    help: "Time that hosts computed cycles.",
    labelNames: ["host", "type", "kind"],
    registers: this.#registers,
  });
  readonly clusterCycles = new ClusterCycles();
  readonly clusterScores = new ClusterScores();
  readonly endedTasks = new EndedTasks();
  readonly tasksEnded = new Counter({
    name: "hanami_tasks_ended_total",
    help: "Tasks that ended since the start of the server; ok: finished or aborted.",
    labelNames: ["kind", "outcome"],
    registers: this.#registers,
  });
  readonly webhooks = new Counter<"outcome">({
    name: "hanami_webhooks_total",
    help: "Notifications of ended tasks: delivered, tries that failed, given up, dropped since their URL is not allowed.",
    labelNames: ["outcome"],
    registers: this.#registers,
  });
  readonly logEntries = new Counter({
    name: "hanami_log_entries_total",
    help: "Warnings and errors in the log.",
    labelNames: ["level"],
    registers: this.#registers,
  });

  constructor() {
    // Starts these counters at 0, so that rates are defined before the first event.
    for (const limit of REFUSALS) this.refusals.inc({ limit }, 0);
    for (const outcome of ["delivered", "failed", "given_up", "dropped"]) this.webhooks.inc({ outcome }, 0);
    for (const level of ["warn", "error"]) this.logEntries.inc({ level }, 0);
    for (const kind of ["train", "request", "evaluate", "save", "restore"]) {
      for (const outcome of ["ok", "failed"]) this.tasksEnded.inc({ kind, outcome }, 0);
    }
  }

  refused(limit: Refusal): void {
    this.refusals.inc({ limit });
  }

  /** Records cycles that a host computed. */
  computed(what: {
    cluster: string;
    host: { index: number; type: string };
    kind: "train" | "request";
    cycles: number;
    elapsedMs: number;
  }): void {
    const labels = { ...hostLabels(what.host.index, what.host.type), kind: what.kind };
    this.cycles.inc(labels, what.cycles);
    this.computeSeconds.inc(labels, what.elapsedMs / 1000);
    this.clusterCycles.add(what.cluster, what.kind, what.cycles);
  }

  /** A gauge that the caller sets before each answer. */
  gauge<Label extends string>(name: string, help: string, labelNames: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ name, help, labelNames: [...labelNames], registers: this.#registers });
  }

  /**
   * Adds processor time, memory, garbage collection and event loop delay, from the first answer on: to measure the
   * delay takes a hundredth of a core, which a server that nobody watches should not. Call it once per process.
   */
  watchProcess(): void {
    this.#isProcessWanted = true;
  }

  /** All figures in Prometheus' text format. */
  text(): Promise<string> {
    if (this.#isProcessWanted) collectDefaultMetrics({ register: this.#registry });
    this.#isProcessWanted = false;
    return this.#registry.metrics();
  }
}
