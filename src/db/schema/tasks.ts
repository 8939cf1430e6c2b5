import { getTableColumns, sql } from "drizzle-orm";
import { bigint, index, jsonb, pgTable, text, timestamp, uuid } from "drizzle-orm/pg-core";
import { clusters } from "./clusters.ts";
import { owner, sequence } from "./columns.ts";

/** One column group of a dataset bound to a named input or output of the cluster. */
export interface ColumnBinding {
  dataset_uuid: string;
  dataset_column: string;
  hexagon_name: string;
}

/** Columns of a dataset bound to a named input that takes a table. */
export interface TableBinding {
  dataset_uuid: string;
  /** Their names; `*` for all columns but those of `except` and those that the task's outputs are bound to. */
  dataset_columns: string[] | "*";
  except?: string[];
  hexagon_name: string;
}

export type TaskBinding = ColumnBinding | TableBinding;

/** Which row of a window of rows has the target. Missing in older plans: the first. */
export type TargetRow = "first" | "last";

/** The rows on which a training is measured: a share of its own, which it does not learn, or others. */
export type ValidationRows = { share: number } | { inputs: TaskBinding[]; outputs: TaskBinding[]; rows: number };

/** Complete description of a task's work, so that it can be rerun after a restart. */
export type TaskPlan =
  | {
      kind: "train";
      inputs: TaskBinding[];
      outputs: TaskBinding[];
      rows: number;
      time_length: number;
      epochs: number;
      batch_size: number;
      learning_rate: number | null;
      /** Seed of the network if this task is the first to train it; null: the cluster's own. */
      seed: number | null;
      target_row?: TargetRow;
      validation?: ValidationRows;
      /** Epochs without a better network after which the training ends. */
      patience?: number;
      /** The network that the cluster keeps: the best one on the held-out rows, or the last one. */
      keep?: "best" | "last";
      /** Why there are so many epochs, if the server chose them. */
      reason?: string;
    }
  | {
      kind: "request";
      inputs: TaskBinding[];
      results: Omit<ColumnBinding, "dataset_uuid">[];
      /** Columns of the first input's dataset that the result keeps. */
      keep_columns?: string[];
      rows: number;
      time_length: number;
    }
  | {
      kind: "evaluate";
      inputs: TaskBinding[];
      outputs: TaskBinding[];
      rows: number;
      time_length: number;
      target_row?: TargetRow;
    }
  | { kind: "save" }
  /** `template`: the checkpoint's template, against which tasks queued behind this one are checked. */
  | { kind: "restore"; checkpoint_uuid: string; template: string };

/** What a task has measured on rows from which it did not learn. */
export interface TaskOutcome {
  /** Passes over the rows of a training. */
  epochs?: number;
  /** Why there were so many, in one sentence. */
  reason?: string;
  /** Number of rows that were measured. */
  rows?: number;
  /** Scores by the name of the output. */
  metrics?: Record<string, OutputMetrics>;
  /** Scores of always answering the commonest class, or the mean, by the name of the output. */
  baseline?: Record<string, OutputMetrics>;
  /** The best network of a training so far, for a task that is resumed. */
  best?: { cycle: number; loss: number; outcome: TaskOutcome };
}

/** Names of scores, such as `accuracy`, and their values. */
export type OutputMetrics = Record<string, unknown>;

const STATES = ["queued", "active", "aborted", "finished", "failed"] as const;

/**
 * Whether a task waits or runs. Queries use these texts instead of parameters: a plan for any parameters could not use
 * the indexes of these tasks.
 */
export const isOpenTask = sql`state in ('queued', 'active')`;
export const isEndedTask = sql`state in ('aborted', 'finished', 'failed')`;

/** When a task ended. Tasks that were aborted before this was recorded have the time of their start. */
export const taskEnd = sql`coalesce(ended_at, aborted_at, started_at)`;

export const tasks = pgTable(
  "tasks",
  {
    uuid: uuid("uuid").primaryKey(),
    /** Position in the queue of its cluster. */
    sequence: sequence(),
    cluster_uuid: uuid("cluster_uuid")
      .notNull()
      .references(() => clusters.uuid),
    name: text("name").notNull(),
    ...owner(),
    plan: jsonb("plan").$type<TaskPlan>().notNull(),
    state: text("state", { enum: STATES }).notNull().default("queued"),
    error_message: text("error_message"),
    /** Short sentences about what the task guessed, left out or changed. */
    warnings: jsonb("warnings").$type<string[]>().notNull().default([]),
    /** Where its end is posted; null: nowhere. */
    notify_url: text("notify_url"),
    /** What the task has measured; null for a task that measures nothing, or has not yet. */
    outcome: jsonb("outcome").$type<TaskOutcome>(),
    current_cycle: bigint("current_cycle", { mode: "number" }).notNull().default(0),
    total_number_of_cycles: bigint("total_number_of_cycles", { mode: "number" }).notNull(),
    queued_at: timestamp("queued_at", { withTimezone: true }).notNull().defaultNow(),
    started_at: timestamp("started_at", { withTimezone: true }),
    ended_at: timestamp("ended_at", { withTimezone: true }),
    /** Clients see no end of an aborted task, so it has no `ended_at`. */
    aborted_at: timestamp("aborted_at", { withTimezone: true }),
    /** The curve of a training, see `curveText`; up to a megabyte. */
    metrics: text("metrics"),
  },
  (table) => [
    // Serves the list of a cluster's tasks.
    index("tasks_list").on(table.cluster_uuid, table.uuid),
    // Serves the queue of a cluster, whose ended tasks may be a hundred thousand.
    index("tasks_open").on(table.cluster_uuid, table.sequence).where(isOpenTask),
    // Serves the limit of a project.
    index("tasks_open_project").on(table.project_id).where(isOpenTask),
    // Serves the retention and the metrics.
    index("tasks_ended").on(taskEnd, table.state).where(isEndedTask),
  ],
);

const { metrics: _metrics, ...others } = getTableColumns(tasks);
/** What queries read of a task: all but its curve. */
export const taskColumns = others;
