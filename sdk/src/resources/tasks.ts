import { delay } from "../delay.ts";
import { HanamiError } from "../errors.ts";
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
  /** Polling interval; default 500. */
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

const isOver = ({ state }: Task) => state !== "queued" && state !== "active";

export class Tasks {
  readonly #session: Session;

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
  async *watch(reference: TaskReference, { intervalMs = 500, signal }: WatchOptions = {}): AsyncGenerator<Task, void> {
    let last: Task | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const task = await this.get(reference);
      if (task.state !== last?.state || task.current_cycle !== last.current_cycle) yield task;
      if (isOver(task)) return;
      last = task;
      await delay(intervalMs, signal);
    }
  }

  /** Resolves to the finished task. Throws TaskError when it failed or was aborted. */
  async wait(reference: TaskReference, options: WatchOptions = {}): Promise<Task> {
    for await (const task of this.watch(reference, options)) {
      if (task.state === "finished") return task;
      if (isOver(task)) throw new TaskError(task);
    }
    throw new Error("A watched task ends in a final state.");
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
