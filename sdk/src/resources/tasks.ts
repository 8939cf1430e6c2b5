import { delay } from "../delay.ts";
import { BadRequestError, ConflictError, HanamiError } from "../errors.ts";
import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import type { Session } from "../session.ts";

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

/** Names the column group of the result dataset for the values of an output. */
export interface TaskResult {
  dataset_column: string;
  hexagon_name: string;
}

export interface TrainTask {
  name: string;
  cluster_uuid: string;
  inputs: TaskColumn[];
  outputs: TaskColumn[];
  /** Rows per cycle, 1…1000; default 1. */
  time_length?: number;
  /** Passes over the data; default 1. */
  epochs?: number;
  /** Samples per step; the server's default depends on the size of the task. */
  batch_size?: number;
  seed?: number;
  learning_rate?: number;
}

export interface RequestTask {
  name: string;
  cluster_uuid: string;
  inputs: TaskColumn[];
  results: TaskResult[];
  time_length?: number;
}

export interface WatchOptions {
  /** Between two looks at the progress; default: longer and longer, 0.5 to 30 seconds. The end comes at once. */
  intervalMs?: number;
  signal?: AbortSignal;
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
/** Polling interval where the server has no waiting requests, or too many. */
const POLL_MS = 500;
/** A watched task is looked at more and more seldom: after this share of the time that has passed. */
const LOOK_SHARE = 0.1;
const LOOK_MS_MAX = 30_000;

const isOver = ({ state }: Task) => state !== "queued" && state !== "active";

export class Tasks {
  readonly #session: Session;
  /** False for a server that does not know `wait`. */
  #canWait = true;

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

  async get({ uuid, cluster_uuid }: TaskReference): Promise<Task> {
    return complete(await this.#session.request("GET", "/task", { uuid, cluster_uuid }), cluster_uuid);
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
    const startMs = Date.now();
    let last = await this.get(reference);
    yield last;
    while (!isOver(last)) {
      const growing = Math.min(LOOK_MS_MAX, Math.max(POLL_MS, LOOK_SHARE * (Date.now() - startMs)));
      const task = await this.#next(last, { ms: intervalMs ?? growing, pollMs: intervalMs ?? POLL_MS, signal });
      if (task.state !== last.state || task.current_cycle !== last.current_cycle) yield task;
      last = task;
    }
  }

  /** Resolves to the finished task. Throws TaskError when it failed or was aborted. */
  async wait(reference: TaskReference, { intervalMs = POLL_MS, signal }: WatchOptions = {}): Promise<Task> {
    signal?.throwIfAborted();
    let task = await this.get(reference);
    while (!isOver(task)) task = await this.#next(task, { ms: WAIT_MS_MAX, pollMs: intervalMs, signal });
    if (task.state !== "finished") throw new TaskError(task);
    return task;
  }

  /** The task after a change of its state, or after `ms`; after `pollMs` where the server cannot wait. */
  async #next(
    last: Task,
    { ms, pollMs, signal }: { ms: number; pollMs: number; signal: AbortSignal | undefined },
  ): Promise<Task> {
    const { uuid, cluster_uuid } = last;
    signal?.throwIfAborted();
    const endMs = Date.now() + Math.min(ms, pollMs);
    if (this.#canWait) {
      const wait = Math.min(ms, WAIT_MS_MAX) / 1000;
      try {
        const answer = await this.#session.request("GET", "/task", { uuid, cluster_uuid, wait }, signal);
        const task = complete(answer, cluster_uuid);
        // A server that stops answers early.
        if (task.state === last.state) await delay(Math.max(0, endMs - Date.now()), signal);
        return task;
      } catch (error) {
        if (error instanceof BadRequestError && error.message.includes("'wait'")) this.#canWait = false;
        // Too many clients wait.
        else if (!(error instanceof ConflictError)) throw error;
      }
    }
    await delay(Math.max(0, endMs - Date.now()), signal);
    return this.get(last);
  }

  async #create(path: string, task: TrainTask | RequestTask): Promise<Task> {
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
