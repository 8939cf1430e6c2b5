import { encodeBase64 } from "../base64.ts";
import type { ClientContext } from "../context.ts";
import { DirectIO } from "../direct-io.ts";
import { ConflictError, NotFoundError } from "../errors.ts";
import { pageInput, rowsOf, type PageQuery } from "../list.ts";
import { Socket } from "../socket.ts";
import type { Owned } from "./owned.ts";
import type { PointScores } from "./task-points.ts";

export type Cluster = Owned;

export interface ClusterDetails extends Cluster {
  number_of_blocks: number;
  number_of_sections: number;
  /** Host on which it computes. Upstream's server sends neither this nor the following fields. */
  host_uuid?: string;
  /**
   * `lost`: its host cannot take it, see `host_error`; switch_host moves its last snapshot. `gone`: the server has no
   * such host.
   */
  host_state?: "ready" | "lost" | "gone";
  /** Empty unless the host is lost. */
  host_error?: string;
  mode?: "TASK" | "DIRECT";
  number_of_cycles?: number;
  number_of_neurons?: number;
  number_of_synapses?: number;
  bytes?: number;
  /** How it answered its last thousand samples of direct IO and `learn` before it learnt them, if there are any. */
  score?: ClusterScore;
}

export interface ClusterScore extends PointScores {
  samples: number;
  /** Of each output, by its name. */
  outputs: Record<string, PointScores>;
}

export interface NewCluster {
  name: string;
  /** Text of the cluster template. Without one the cluster has no hexagons. */
  template?: string;
  /** Instead of a template: the checkpoint with the cluster's initial network. */
  checkpoint_uuid?: string;
  /** Host to compute on; default: chosen by the server. */
  host_uuid?: string;
  /** The same seed and the same training yield the same network. */
  seed?: number;
}

/** A column of a table as a cluster has learnt it; `empty` had not a single value. */
export interface LearntColumn {
  name: string;
  kind: "number" | "category" | "time" | "empty";
}

export interface LearntOutput {
  hexagon_name: string;
  kind: "class" | "number";
  column: string | null;
  /** Empty for numbers. */
  classes: string[];
}

/** The columns that a cluster's tables, classes and numbers have learnt; null before the first training. */
export interface LearntColumns {
  inputs: { hexagon_name: string; columns: LearntColumn[] | null }[];
  outputs: LearntOutput[];
}

/** A row of a table by column name, or an array of its cells in the order of the learnt columns. */
export type TableRow = Record<string, unknown> | unknown[];

export interface Predictions {
  /** The columns of rows that are arrays. */
  header?: string[];
  /**
   * One per row: `predicted_COLUMN` and, for classes, `probability_CLASS`; or the values of outputs without an encoder.
   */
  rows: TableRow[];
  warnings: string[];
}

export interface LearntRows {
  header?: string[];
  /** With `predict`: what the network predicted for each row before it learnt it; null for its very first ones. */
  rows?: (TableRow | null)[];
  learnt: number;
  warnings: string[];
}

export interface LearnOptions {
  predict?: boolean;
  /** For a network that has learnt nothing yet: the column of each output, by the output's name. */
  targets?: Record<string, string>;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export class Clusters {
  readonly #context: ClientContext;

  constructor(context: ClientContext) {
    this.#context = context;
  }

  async create({ template, ...cluster }: NewCluster): Promise<Cluster> {
    const text = template ?? (cluster.checkpoint_uuid === undefined ? "" : undefined);
    const input = text === undefined ? cluster : { ...cluster, template: encodeBase64(text) };
    return (await this.#context.session.request("POST", "/cluster", input)) as Cluster;
  }

  async get(uuid: string): Promise<ClusterDetails> {
    return (await this.#context.session.request("GET", "/cluster", { uuid })) as ClusterDetails;
  }

  /** The uuid of a cluster that is given by its uuid or its name. Throws ConflictError for the name of several. */
  async find(cluster: string): Promise<string> {
    if (UUID.test(cluster)) return cluster;
    const found = (await this.list()).filter(({ name }) => name === cluster);
    const [first, second] = found;
    if (first === undefined) throw new NotFoundError(`There is no cluster with the name '${cluster}'.`, 404);
    if (second === undefined) return first.uuid;
    const uuids = found.map(({ uuid }) => uuid).join(", ");
    throw new ConflictError(`Several clusters have the name '${cluster}'; give the uuid of one: ${uuids}`, 409);
  }

  /** What the cluster's inputs `(table)` and outputs `(class)` and `(number)` have learnt. */
  async columns(uuid: string): Promise<LearntColumns> {
    return (await this.#context.session.request("GET", "/cluster/columns", { uuid })) as LearntColumns;
  }

  /** All that the user can see, or one page. */
  async list(query: PageQuery = {}): Promise<Cluster[]> {
    return rowsOf(await this.#context.session.request("GET", "/cluster/all", pageInput(query)));
  }

  async delete(uuid: string): Promise<void> {
    await this.#context.session.request("DELETE", "/cluster", { uuid });
  }

  /** Queues a task that saves the cluster's state. The uuid is the task's, and later the checkpoint's. */
  async save(input: {
    cluster_uuid: string;
    name: string;
    notify_url?: string;
  }): Promise<{ uuid: string; name: string }> {
    return (await this.#context.session.request("POST", "/cluster/save", input)) as { uuid: string; name: string };
  }

  /** Queues a task that replaces the cluster's state by a checkpoint's. The uuid is the task's. */
  async restore(input: {
    cluster_uuid: string;
    checkpoint_uuid: string;
    notify_url?: string;
  }): Promise<{ uuid: string }> {
    return (await this.#context.session.request("POST", "/cluster/load", input)) as { uuid: string };
  }

  /** Answers rows at once, without a task: at most 10 000. */
  async predict(cluster_uuid: string, rows: readonly TableRow[]): Promise<Predictions> {
    return (await this.#context.session.request("POST", "/cluster/predict", { cluster_uuid, rows })) as Predictions;
  }

  /** Learns rows with their targets at once, in order: at most 10 000. */
  async learn(cluster_uuid: string, rows: readonly TableRow[], options: LearnOptions = {}): Promise<LearntRows> {
    const input = { cluster_uuid, rows, ...options };
    return (await this.#context.session.request("POST", "/cluster/learn", input)) as LearntRows;
  }

  /** Moves a cluster to another host. */
  async switchHost(input: { cluster_uuid: string; host_uuid: string }): Promise<Cluster> {
    return (await this.#context.session.request("PUT", "/cluster/switch_host", input)) as Cluster;
  }

  /** `TASK`: the cluster processes its queue. `DIRECT`: it waits for single samples, see `directIO`. */
  async setMode(uuid: string, mode: "TASK" | "DIRECT"): Promise<void> {
    await this.#context.session.request("PUT", "/cluster/set_mode", { uuid, new_state: mode });
  }

  /** Switches the cluster to direct mode and connects to it. Throws ConflictError while it has tasks. */
  async directIO(uuid: string): Promise<DirectIO> {
    await this.setMode(uuid, "DIRECT");
    const leave = () => this.setMode(uuid, "TASK");
    try {
      return new DirectIO(await Socket.open({ ...this.#context, target: "cluster", uuid }), leave);
    } catch (error) {
      await leave();
      throw error;
    }
  }
}
