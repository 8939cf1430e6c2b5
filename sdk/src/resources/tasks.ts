import { delay } from "../delay.ts";
import { BadRequestError, ConflictError, HanamiError } from "../errors.ts";
import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import type { Session } from "../session.ts";
import { withinTime } from "../time-limit.ts";

export type TaskState = "queued" | "active" | "aborted" | "finished" | "failed";

/** Identifies a task. Every task that this SDK returns is also a reference. */
export interface TaskReference {
  uuid: string;
  cluster_uuid: string;
}

export interface Task extends TaskReference {
  name: string;
  state: TaskState;
  current_cycle: number;
  total_number_of_cycles: number;
  /** 0…1. */
  percentage_finished: number;
  /** UTC, or `-` for a time that has not come yet. */
  queue_timestamp: string;
  start_timestamp: string;
  end_timestamp: string;
  /** Present in the state `failed`. */
  error_message?: string;
  /** What the task guessed, left out or changed, in short sentences. Missing with upstream's server. */
  warnings?: string[];
  /** Passes over the rows of a training that chose their number, and why there were so many. */
  epochs?: number;
  reason?: string;
  /** Number of rows that were measured. */
  rows?: number;
  /** Scores of the measured rows by the name of the output, and those of the commonest class or the mean. */
  metrics?: Record<string, OutputScores>;
  baseline?: Record<string, OutputScores>;
}

/** Scores of classes, or of numbers. Null where a score is undefined, for example without rows. */
export interface OutputScores {
  rows: number;
  accuracy?: number | null;
  balanced_accuracy?: number | null;
  log_loss?: number | null;
  /** Area under the ROC curve; only of two classes. */
  auc?: number | null;
  /** Rows of classes that the network does not know; they count as wrong. */
  unknown_class_rows?: number;
  /** Each class; of more than 100 those with most rows. */
  classes?: {
    class: string;
    rows: number;
    precision: number | null;
    recall: number | null;
    f1: number | null;
  }[];
  /** `counts[truth][answer]`; only of at most 100 classes. */
  confusion?: { classes: string[]; counts: number[][] };
  /** What the baseline always answers. */
  class?: string;
  mean?: number | null;
  /** Mean absolute error, and root of the mean squared error. */
  mae?: number | null;
  rmse?: number | null;
  r2?: number | null;
  /** Rows in which the answer was no finite number. */
  not_finite_rows?: number;
}

/** Scores of one output, or means over all; absent where they are not defined. */
export interface CurveScores {
  /** Log loss of classes, unexplained variance of numbers. */
  loss?: number;
  accuracy?: number;
  /** Root of the mean squared error, in the unit of the column; only of a single number. */
  error?: number;
}

/** Some consecutive samples of a training: scores of the answers before they were learnt, and the network after. */
export interface MetricsPoint extends CurveScores {
  /** Cycles of the task that were learnt by the end of the point. */
  cycle: number;
  /** Passes over the rows. */
  epoch: number;
  timestamp_ms: number;
  samples: number;
  /** Share of the samples from which nothing was learnt, 0…1. */
  skipped: number;
  sections: number;
  synapses: number;
  /** Of each hexagon of the template. */
  blocks: number[];
  samples_per_second: number;
  learning_rate: number;
  outputs: Record<string, CurveScores>;
  /** On rows that are held out, where the network was measured after exactly `cycle` cycles. */
  validation_loss?: number;
  validation_accuracy?: number;
  validation_error?: number;
  validation_outputs?: Record<string, CurveScores>;
}

/** How a training went: at most 1000 points, none for other tasks. */
export interface TaskMetrics extends TaskReference {
  name: string;
  state: TaskState;
  total_number_of_cycles: number;
  points: MetricsPoint[];
}

export interface TaskSummary {
  uuid: string;
  state: TaskState;
  /** 0…1. */
  percentage: number;
  queued: string;
  start: string;
  end: string;
}

/** Binds a column group of a dataset to an input or output of the cluster's template. */
export interface TaskColumn {
  dataset_uuid: string;
  dataset_column: string;
  hexagon_name: string;
}

/** Binds columns of a dataset to an input `(table)` of the cluster's template. */
export interface TaskTable {
  dataset_uuid: string;
  /** Their names; `*` for all but the targets and those of `except`. */
  dataset_columns: string[] | "*";
  except?: string[];
  hexagon_name: string;
}

/** Names the column group of the result dataset for the values of an output. */
export interface TaskResult {
  dataset_column: string;
  hexagon_name: string;
}

export interface TrainTask {
  name: string;
  cluster_uuid: string;
  inputs: (TaskColumn | TaskTable)[];
  outputs: TaskColumn[];
  /** Rows per cycle, 1…1000; default 1. */
  time_length?: number;
  /** Passes over the data; default 1. With `auto` the server chooses. */
  epochs?: number | "auto";
  /** Rows to measure on: a share of the task's, which it then does not learn, or those of other datasets. */
  validation?: { share: number } | { inputs: (TaskColumn | TaskTable)[]; outputs: TaskColumn[] };
  /** Ends after so many epochs without a better score. */
  patience?: number;
  /** Which state of the network stays. */
  keep?: "best" | "last";
  /** Samples per step; the server's default depends on the size of the task. */
  batch_size?: number;
  seed?: number;
  learning_rate?: number;
  /** Which row of `time_length` rows has the target; default `first`. */
  target_row?: "first" | "last";
}

export interface EvaluateTask {
  name: string;
  cluster_uuid: string;
  inputs: (TaskColumn | TaskTable)[];
  /** The targets with which the answers are compared. */
  outputs: TaskColumn[];
  /** These as in the training. */
  time_length?: number;
  target_row?: "first" | "last";
}

export interface RequestTask {
  name: string;
  cluster_uuid: string;
  inputs: (TaskColumn | TaskTable)[];
  results: TaskResult[];
  time_length?: number;
  /** Columns of the first input's dataset that the result keeps. */
  keep_columns?: string[];
}

export interface WatchOptions {
  /**
   * Between two looks at the progress, at most 45 seconds; default: longer and longer, 0.5 to 30 seconds. The end comes
   * at once.
   */
  intervalMs?: number;
  signal?: AbortSignal | undefined;
}

/** The awaited task did not finish: it failed or was aborted. */
export class TaskError extends HanamiError {
  readonly task: Task;

  constructor(task: Task) {
    super(`Task '${task.name}' ${task.state}${task.error_message ? `: ${task.error_message}` : "."}`);
    this.task = task;
  }
}

/** How long one request waits for a change; proxies cut off a connection that is silent for a minute. */
const WAIT_MS_MAX = 45_000;
/** After this time beyond it, a request is given up: its connection may be half dead. */
const OVERDUE_MS = 15_000;
/** Browsers open six connections to a server; those of other requests must not wait for these. */
const BROWSER_WAITS_MAX = 2;
/** Polling interval where the server has no waiting requests, or too many. */
const POLL_MS = 500;
/** A watched task is looked at more and more seldom: after this share of the time that has passed. */
const LOOK_SHARE = 0.1;
const LOOK_MS_MAX = 30_000;

const isBrowser = () => "document" in globalThis || "WorkerGlobalScope" in globalThis;

const isOver = ({ state }: Task) => state !== "queued" && state !== "active";

export class Tasks {
  readonly #session: Session;
  /** False for a server that does not know `wait`. */
  #canWait = true;
  /** Requests that wait. */
  #waits = 0;
  readonly #waitsMax = isBrowser() ? BROWSER_WAITS_MAX : Infinity;

  constructor(session: Session) {
    this.#session = session;
  }

  /** Queues a task that trains the cluster with datasets. */
  train(task: TrainTask): Promise<Task> {
    return this.#create("/task/train", task);
  }

  /** Queues a request task. Its answers become a dataset with the uuid and name of the task. */
  request(task: RequestTask): Promise<Task> {
    return this.#create("/task/request", task);
  }

  /** Queues a task that compares the cluster's answers with targets. `metrics` and `baseline` are its scores. */
  evaluate(task: EvaluateTask): Promise<Task> {
    return this.#create("/task/evaluate", task);
  }

  get(reference: TaskReference): Promise<Task> {
    return this.#get(reference);
  }

  /** How a training went, or goes. */
  async metrics({ uuid, cluster_uuid }: TaskReference): Promise<TaskMetrics> {
    return (await this.#session.request("GET", "/task/metrics", { uuid, cluster_uuid })) as TaskMetrics;
  }

  /** The same as CSV, a line for each point. */
  async metricsCsv({ uuid, cluster_uuid }: TaskReference): Promise<string> {
    const { body } = await this.#session.download("/task/metrics", { uuid, cluster_uuid, format: "csv" });
    return new Response(body).text();
  }

  /** All tasks of a cluster by uuid, or one page of them. */
  async list(cluster_uuid: string, query: PageQuery = {}): Promise<TaskSummary[]> {
    const input = { cluster_uuid, ...pageInput(query) };
    const rows = rowsOf<TaskSummary>(await this.#session.request("GET", "/task/all", input));
    return rows.map((row) => ({ ...row, percentage: Number(row.percentage) }));
  }

  /** Removes a task from the queue; a running task is aborted instead, and stays in the list until deleted again. */
  async delete({ uuid, cluster_uuid }: TaskReference): Promise<void> {
    await this.#session.request("DELETE", "/task", { uuid, cluster_uuid });
  }

  /** Yields the task now, after each progress, and finally in its end state. */
  async *watch(reference: TaskReference, { intervalMs, signal }: WatchOptions = {}): AsyncGenerator<Task, void> {
    signal?.throwIfAborted();
    const startMs = performance.now();
    let last = await this.#get(reference, { signal });
    yield last;
    while (!isOver(last)) {
      const growing = Math.min(LOOK_MS_MAX, Math.max(POLL_MS, LOOK_SHARE * (performance.now() - startMs)));
      const task = await this.#next(last, { ms: intervalMs ?? growing, pollMs: intervalMs ?? POLL_MS, signal });
      if (task.state !== last.state || task.current_cycle !== last.current_cycle) yield task;
      last = task;
    }
  }

  /** Resolves to the finished task. Throws TaskError when it failed or was aborted. */
  async wait(reference: TaskReference, { intervalMs = POLL_MS, signal }: WatchOptions = {}): Promise<Task> {
    signal?.throwIfAborted();
    let task = await this.#get(reference, { signal });
    while (!isOver(task)) task = await this.#next(task, { ms: WAIT_MS_MAX, pollMs: intervalMs, signal });
    if (task.state !== "finished") throw new TaskError(task);
    return task;
  }

  /** With `wait`, after so many seconds or at a change of the state. */
  async #get(
    { uuid, cluster_uuid }: TaskReference,
    { wait, signal }: { wait?: number; signal?: AbortSignal | undefined } = {},
  ): Promise<Task> {
    return complete(await this.#session.request("GET", "/task", { uuid, cluster_uuid, wait }, signal), cluster_uuid);
  }

  /** The task after a change of its state, or after `ms`; after `pollMs` where the server cannot wait. */
  async #next(
    last: Task,
    { ms, pollMs, signal }: { ms: number; pollMs: number; signal: AbortSignal | undefined },
  ): Promise<Task> {
    signal?.throwIfAborted();
    const waitMs = Math.min(ms, WAIT_MS_MAX);
    const endMs = performance.now() + Math.min(waitMs, pollMs);
    const untilEnd = () => delay(Math.max(0, endMs - performance.now()), signal);
    const task = await this.#changed(last, waitMs, signal);
    // A server that stops answers early.
    if (task?.state === last.state) await untilEnd();
    if (task !== undefined) return task;
    await untilEnd();
    return this.#get(last, { signal });
  }

  /** The answer of a request that waits. Undefined where there can be none, or none has come in time. */
  async #changed(last: Task, waitMs: number, signal: AbortSignal | undefined): Promise<Task | undefined> {
    if (!this.#canWait || this.#waits >= this.#waitsMax) return undefined;
    this.#waits += 1;
    try {
      const wait = waitMs / 1000;
      return await withinTime(waitMs + OVERDUE_MS, signal, (limit) => this.#get(last, { wait, signal: limit }));
    } catch (error) {
      if (error instanceof BadRequestError && error.message.includes("'wait'")) this.#canWait = false;
      // Too many clients wait.
      else if (!(error instanceof ConflictError)) throw error;
      return undefined;
    } finally {
      this.#waits -= 1;
    }
  }

  async #create(path: string, task: TrainTask | RequestTask | EvaluateTask): Promise<Task> {
    return complete(await this.#session.request("POST", path, { ...task }), task.cluster_uuid);
  }
}

/** Adds fields that the answer lacks: the cluster, and with upstream's server the finished share. */
function complete(answer: unknown, cluster_uuid: string): Task {
  const task = answer as Omit<Task, "percentage_finished" | "cluster_uuid">;
  const { current_cycle, total_number_of_cycles } = task;
  const percentage_finished = total_number_of_cycles > 0 ? current_cycle / total_number_of_cycles : 0;
  return { percentage_finished, ...task, cluster_uuid };
}
