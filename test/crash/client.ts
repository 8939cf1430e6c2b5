import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { sendFile } from "../api/dataset-support.ts";
import { requestBody, smallTemplate, trainBody } from "../support/compute.ts";
import type { Random } from "../support/random.ts";
import type { RunningServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import type { BaseDataset } from "./base-datasets.ts";
import { list, takeListing, type Listing } from "./listing.ts";
import type { CheckpointModel, ClusterModel, ResultModel, Step, TaskModel, UploadModel } from "./model.ts";

const clustersMax = 2;
const checkpointsMax = 3;
const uploadsMax = 3;
const queueMax = 5;
/** Longer histories only cost time when they are repeated at the end. */
const stepsMax = 10;
const pieceBytes = 4096;

/** A refusal is a failure of the test; a connection that ends is what the kill does. */
export const isRefusal = (error: unknown) => error instanceof Error && /^[A-Z]+ \/\S*: \d{3} /.test(error.message);

/**
 * One client among several: does one thing after another to resources of its own, and remembers exactly what was
 * acknowledged. The one thing that was under way when the server died may have happened or not, but not in part.
 */
export class Client {
  readonly name: string;
  readonly #random: Random;
  readonly #base: readonly BaseDataset[];
  readonly #dataDir: string;
  readonly projects = new Set<string>();
  readonly users = new Set<string>();
  readonly uploads = new Map<string, UploadModel>();
  readonly clusters = new Map<string, ClusterModel>();
  readonly checkpoints = new Map<string, CheckpointModel>();
  readonly results = new Map<string, ResultModel>();
  /** How often each thing was acknowledged. */
  readonly done = new Map<string, number>();
  #doubt: ((server: RunningServer) => Promise<void>) | null = null;
  #count = 0;

  constructor(options: { name: string; random: Random; base: readonly BaseDataset[]; dataDir: string }) {
    this.name = options.name;
    this.#random = options.random;
    this.#base = options.base;
    this.#dataDir = options.dataDir;
  }

  /** Works until `isOver`, or until the server is gone. */
  async work(server: RunningServer, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      try {
        await this.#act(server);
      } catch (error) {
        if (isOver() && !isRefusal(error)) return;
        throw error;
      }
    }
  }

  /** After a restart: finds out what became of the thing under way, then compares everything. */
  async check(server: RunningServer): Promise<void> {
    await this.#doubt?.(server);
    this.#doubt = null;
    await this.#follow(server);
    const listing = await takeListing(server);
    const own = <T>(rows: Map<string, T & Record<string, string>>) =>
      [...rows].filter(([, row]) => row["name"]?.startsWith(this.name) === true).map(([uuid]) => uuid);
    const ownIds = (ids: Set<string>) => [...ids].filter((id) => id.startsWith(this.name));
    assert.deepEqual(ownIds(listing.projects).sort(), [...this.projects].sort());
    assert.deepEqual(ownIds(listing.users).sort(), [...this.users].sort());
    assert.deepEqual(own(listing.clusters).sort(), [...this.clusters.keys()].sort());
    // A save may have finished since `#follow` looked.
    const saved = [...this.checkpoints.keys(), ...this.#unfinished("save")];
    const missing = [...this.checkpoints.keys()].filter((uuid) => !listing.checkpoints.has(uuid));
    assert.deepEqual(missing, []);
    assert.deepEqual(
      own(listing.checkpoints).filter((uuid) => !saved.includes(uuid)),
      [],
    );
    const datasets = [...this.uploads.keys(), ...this.results.keys(), ...this.#unfinished("request")];
    assert.deepEqual(own(listing.datasets).sort(), datasets.sort());
    for (const upload of this.uploads.values()) await this.#checkUpload(server, upload);
    for (const checkpoint of this.checkpoints.values()) await this.#checkCheckpoint(checkpoint);
    for (const result of this.results.values()) assert.equal(await this.#content(server, result), result.content);
  }

  /** Waits until nothing is queued any more. */
  async drain(server: RunningServer): Promise<void> {
    for (;;) {
      await this.#follow(server);
      if ([...this.clusters.values()].every(({ tasks }) => [...tasks.values()].every((task) => task.isOver))) return;
      await delay(20);
    }
  }

  #unfinished(kind: TaskModel["kind"]): string[] {
    const tasks = [...this.clusters.values()].flatMap((cluster) => [...cluster.tasks.values()]);
    return tasks.filter((task) => task.kind === kind && !task.isOver).map(({ uuid }) => uuid);
  }

  /** Asks; what the answer says is noted before anything else happens, and no answer leaves it in doubt. */
  async #attempt<T>(
    name: string,
    ask: () => Promise<T>,
    note: (answer: T) => void,
    settle: (server: RunningServer) => Promise<void>,
  ): Promise<void> {
    this.#doubt = settle;
    note(await ask());
    this.#doubt = null;
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
  }

  async #act(server: RunningServer): Promise<void> {
    const random = this.#random;
    const clusters = [...this.clusters.values()];
    const choice = random.int(0, 99);
    if (clusters.length === 0 || (choice < 4 && clusters.length < clustersMax)) return this.#createCluster(server);
    const cluster = random.pick(clusters);
    const queued = [...cluster.tasks.values()].filter((task) => !task.isOver).length;
    if (choice < 55) {
      if (queued >= queueMax) {
        await delay(random.int(1, 30));
        return this.#follow(server);
      }
      if (choice < 28) return this.#train(server, cluster);
      if (choice < 36) return this.#request(server, cluster);
      if (choice < 46) return this.#save(server, cluster);
      return this.#restore(server, cluster);
    }
    if (choice < 60 || (choice < 66 && cluster.lineage.steps.length >= stepsMax)) {
      return this.#deleteCluster(server, cluster);
    }
    if (choice < 66) return this.#createProject(server);
    if (choice < 68) return this.#createUser(server);
    if (choice < 90) return this.#upload(server);
    if (choice < 95) return this.#deleteTask(server, cluster);
    return this.#deleteCheckpoint(server);
  }

  #newName(): string {
    return `${this.name}_${++this.#count}`;
  }

  async #createProject(server: RunningServer): Promise<void> {
    const id = this.#newName();
    const settle = async (next: RunningServer) => {
      if ((await takeListing(next)).projects.has(id)) this.projects.add(id);
    };
    const ask = () => server.ask("POST", "/project", { id, name: id });
    await this.#attempt("project created", ask, () => this.projects.add(id), settle);
  }

  async #createUser(server: RunningServer): Promise<void> {
    const id = this.#newName();
    const settle = async (next: RunningServer) => {
      if ((await takeListing(next)).users.has(id)) this.users.add(id);
    };
    const ask = () => server.ask("POST", "/user", { id, name: id, passphrase: base64("a passphrase of a user") });
    await this.#attempt("user created", ask, () => this.users.add(id), settle);
  }

  async #createCluster(server: RunningServer): Promise<void> {
    const name = this.#newName();
    const seed = this.#random.int(0, 1000);
    const note = (uuid: string) =>
      this.clusters.set(uuid, { uuid, name, lineage: { seed, steps: [] }, tasks: new Map() });
    const settle = async (next: RunningServer) => {
      for (const [uuid, row] of (await takeListing(next)).clusters) if (row["name"] === name) note(uuid);
    };
    const body = { name, template: base64(smallTemplate), seed };
    const ask = () => server.ask<{ uuid: string }>("POST", "/cluster", body);
    await this.#attempt("cluster created", ask, ({ uuid }) => note(uuid), settle);
  }

  async #queue(
    server: RunningServer,
    cluster: ClusterModel,
    plan: { name: string; path: string; body: object; note: (uuid: string) => void },
  ): Promise<void> {
    const settle = async (next: RunningServer) => {
      const tasks = await list(next, `/task/all?cluster_uuid=${cluster.uuid}`);
      for (const { uuid } of tasks) if (!cluster.tasks.has(uuid as string)) plan.note(uuid as string);
    };
    const ask = () => server.ask<{ uuid: string }>("POST", plan.path, plan.body);
    await this.#attempt(plan.name, ask, ({ uuid }) => plan.note(uuid), settle);
  }

  async #train(server: RunningServer, cluster: ClusterModel): Promise<void> {
    const { lineage } = cluster;
    if (lineage.steps.length >= stepsMax) return this.#deleteCluster(server, cluster);
    const random = this.#random;
    const dataset = random.int(0, this.#base.length - 1);
    const step: Step = { dataset, epochs: random.pick([1, 3, 10, 40]), batch_size: random.pick([1, 16, 128]) };
    const { epochs, batch_size } = step;
    const body = trainBody(cluster.uuid, this.#uuidOf(dataset), { name: this.#newName(), epochs, batch_size });
    const note = (uuid: string) => {
      cluster.tasks.set(uuid, { uuid, kind: "train", isOver: false });
      cluster.lineage = { seed: lineage.seed, steps: [...lineage.steps, step] };
    };
    await this.#queue(server, cluster, { name: "training queued", path: "/task/train", body, note });
  }

  #uuidOf(dataset: number): string {
    return (this.#base[dataset] as BaseDataset).uuid;
  }

  async #request(server: RunningServer, cluster: ClusterModel): Promise<void> {
    const { lineage } = cluster;
    const dataset = this.#random.int(0, this.#base.length - 1);
    const body = requestBody(cluster.uuid, this.#uuidOf(dataset), { name: this.#newName() });
    const note = (uuid: string) => cluster.tasks.set(uuid, { uuid, kind: "request", isOver: false, lineage, dataset });
    await this.#queue(server, cluster, { name: "request queued", path: "/task/request", body, note });
  }

  async #save(server: RunningServer, cluster: ClusterModel): Promise<void> {
    const { lineage } = cluster;
    if (this.checkpoints.size >= checkpointsMax) return this.#deleteCheckpoint(server);
    const body = { name: this.#newName(), cluster_uuid: cluster.uuid };
    const note = (uuid: string) => cluster.tasks.set(uuid, { uuid, kind: "save", isOver: false, lineage });
    await this.#queue(server, cluster, { name: "save queued", path: "/cluster/save", body, note });
  }

  async #restore(server: RunningServer, cluster: ClusterModel): Promise<void> {
    if (this.checkpoints.size === 0) return;
    const { uuid: checkpoint_uuid, lineage } = this.#random.pick([...this.checkpoints.values()]);
    const body = { cluster_uuid: cluster.uuid, checkpoint_uuid };
    const note = (uuid: string) => {
      cluster.tasks.set(uuid, { uuid, kind: "restore", isOver: false });
      cluster.lineage = lineage;
    };
    await this.#queue(server, cluster, { name: "restore queued", path: "/cluster/load", body, note });
  }

  async #deleteCluster(server: RunningServer, cluster: ClusterModel): Promise<void> {
    const { uuid } = cluster;
    const ask = () => server.ask("DELETE", `/cluster?uuid=${uuid}`);
    await this.#attempt(
      "cluster deleted",
      ask,
      () => undefined,
      async (next) => {
        if (!(await takeListing(next)).clusters.has(uuid)) await this.#forget(next, cluster);
      },
    );
    // What its last tasks left behind can only be asked for; should the server die before, it is asked again.
    this.#doubt = (next) => this.#forget(next, cluster);
    await this.#doubt(server);
    this.#doubt = null;
  }

  /** The cluster is gone; what its tasks had finished by then stays. */
  async #forget(server: RunningServer, cluster: ClusterModel): Promise<void> {
    const listing = await takeListing(server);
    for (const task of cluster.tasks.values()) if (!task.isOver) await this.#keepOutcome(server, listing, task);
    this.clusters.delete(cluster.uuid);
  }

  async #keepOutcome(server: RunningServer, listing: Listing, task: TaskModel): Promise<void> {
    const { uuid, kind } = task;
    if (kind === "save" && listing.checkpoints.has(uuid)) {
      this.checkpoints.set(uuid, { uuid, lineage: task.lineage, sha256: null });
    }
    if (kind === "request" && listing.datasets.has(uuid)) {
      const { lineage, dataset } = task;
      const content = await this.#content(server, { uuid, dataset });
      this.results.set(uuid, { uuid, lineage, dataset, content });
    }
    task.isOver = true;
  }

  async #deleteTask(server: RunningServer, cluster: ClusterModel): Promise<void> {
    const over = [...cluster.tasks.values()].filter((task) => task.isOver);
    if (over.length === 0) return;
    const { uuid } = this.#random.pick(over);
    const ask = () => server.ask("DELETE", `/task?uuid=${uuid}&cluster_uuid=${cluster.uuid}`);
    await this.#attempt(
      "task deleted",
      ask,
      () => cluster.tasks.delete(uuid),
      async (next) => {
        const tasks = await list(next, `/task/all?cluster_uuid=${cluster.uuid}`);
        if (!tasks.some((task) => task["uuid"] === uuid)) cluster.tasks.delete(uuid);
      },
    );
  }

  async #deleteCheckpoint(server: RunningServer): Promise<void> {
    if (this.checkpoints.size === 0) return;
    const uuid = this.#random.pick([...this.checkpoints.keys()]);
    const ask = () => server.ask("DELETE", `/checkpoint?uuid=${uuid}`);
    await this.#attempt(
      "checkpoint deleted",
      ask,
      () => this.checkpoints.delete(uuid),
      async (next) => {
        if (!(await takeListing(next)).checkpoints.has(uuid)) this.checkpoints.delete(uuid);
      },
    );
  }

  /** Begins an upload, goes on with one, finishes it, or removes one. */
  async #upload(server: RunningServer): Promise<void> {
    const uploads = [...this.uploads.values()];
    const open = uploads.find((upload) => !upload.isReady);
    if (open === undefined) {
      if (uploads.length < uploadsMax) return this.#announce(server);
      return this.#deleteDataset(server, this.#random.pick(uploads));
    }
    if (!open.isComplete) return this.#send(server, open);
    const { uuid, tempfile } = open;
    const ask = () => server.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file: tempfile });
    const note = () => {
      open.isReady = true;
    };
    await this.#attempt("upload finished", ask, note, async (next) => {
      const { number_of_rows: rows } = await next.ask<{ number_of_rows: number }>("GET", `/dataset?uuid=${uuid}`);
      // All rows, or an upload that can be finished again.
      if (rows !== 0) note();
    });
  }

  async #announce(server: RunningServer): Promise<void> {
    const name = this.#newName();
    const rows = this.#random.int(1, 4000);
    const bytes = Buffer.from(`a,b\n${Array.from({ length: rows }, (_, row) => `${row},${rows}\n`).join("")}`);
    const body = { name, input_data_size: bytes.length };
    const ask = () => server.ask<{ uuid: string; uuid_input_file: string }>("POST", "/dataset/upload/csv", body);
    await this.#attempt(
      "upload announced",
      ask,
      ({ uuid, uuid_input_file: tempfile }) =>
        this.uploads.set(uuid, { uuid, name, tempfile, bytes, rows, isComplete: false, isReady: false }),
      async (next) => {
        // Nobody learned the uuid of its file, so nobody can go on with it.
        for (const [uuid, row] of (await takeListing(next)).datasets) {
          if (row["name"] === name) await next.ask("DELETE", `/dataset?uuid=${uuid}`);
        }
      },
    );
  }

  async #send(server: RunningServer, upload: UploadModel): Promise<void> {
    const { url, token, child } = server;
    // A question on a socket that breaks has no answer.
    const exit = new AbortController();
    const gone = once(child, "exit", { signal: exit.signal }).then(() =>
      Promise.reject(new Error("the server is gone")),
    );
    const sending = sendFile(url, token, upload.tempfile, upload.bytes, pieceBytes);
    try {
      await Promise.race([sending, gone]);
    } finally {
      exit.abort();
      gone.catch(() => {});
      sending.catch(() => {});
    }
    upload.isComplete = true;
  }

  async #deleteDataset(server: RunningServer, { uuid }: UploadModel): Promise<void> {
    const ask = () => server.ask("DELETE", `/dataset?uuid=${uuid}`);
    await this.#attempt(
      "dataset deleted",
      ask,
      () => this.uploads.delete(uuid),
      async (next) => {
        if (!(await takeListing(next)).datasets.has(uuid)) this.uploads.delete(uuid);
      },
    );
  }

  /** Looks how far the tasks are: what has finished once must stay finished, nothing may fail. */
  async #follow(server: RunningServer): Promise<void> {
    for (const cluster of this.clusters.values()) {
      const states = await list(server, `/task/all?cluster_uuid=${cluster.uuid}`);
      assert.deepEqual(states.map(({ uuid }) => uuid).sort(), [...cluster.tasks.keys()].sort());
      let listing: Listing | null = null;
      for (const { uuid, state } of states) {
        const task = cluster.tasks.get(uuid as string) as TaskModel;
        assert((task.isOver ? ["finished"] : ["queued", "active", "finished"]).includes(state as string), state);
        if (state !== "finished" || task.isOver) continue;
        listing ??= await takeListing(server);
        const kept: Listing["datasets"] = task.kind === "save" ? listing.checkpoints : listing.datasets;
        if (task.kind === "save" || task.kind === "request") assert.equal(kept.has(task.uuid), true);
        await this.#keepOutcome(server, listing, task);
      }
    }
  }

  async #content(server: RunningServer, result: { uuid: string; dataset: number }): Promise<string> {
    const { rows } = this.#base[result.dataset] as BaseDataset;
    const query = `uuid=${result.uuid}&column_name=label&row_offset=0&number_of_rows=${rows}`;
    return JSON.stringify(await server.ask("GET", `/dataset/content?${query}`));
  }

  async #checkUpload(server: RunningServer, upload: UploadModel): Promise<void> {
    const { uuid, rows, bytes } = upload;
    if (!upload.isReady) {
      const progress = await server.ask<{ complete: boolean }>("GET", `/dataset/progress?uuid=${uuid}`);
      const whole = { uuid, complete: true, bytes_received: bytes.length, bytes_total: bytes.length };
      if (upload.isComplete) assert.deepEqual(progress, whole);
      return;
    }
    const dataset = await server.ask<{ number_of_rows: number }>("GET", `/dataset?uuid=${uuid}`);
    assert.equal(dataset.number_of_rows, rows);
    const content = `/dataset/content?uuid=${uuid}&column_name=a&row_offset=0&number_of_rows=${rows}`;
    assert.deepEqual(await server.ask("GET", content), { data: Array.from({ length: rows }, (_, row) => [row]) });
  }

  async #checkCheckpoint(checkpoint: CheckpointModel): Promise<void> {
    const bytes = await readFile(join(this.#dataDir, "checkpoints", `${checkpoint.uuid}.safetensors`));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    checkpoint.sha256 ??= sha256;
    assert.equal(sha256, checkpoint.sha256);
  }
}
