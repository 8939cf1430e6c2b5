import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { requestBody, smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import type { RunningServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import type { BaseDataset } from "./base-datasets.ts";
import { openDirect } from "./direct-socket.ts";
import { cyclesOf } from "./lineage.ts";
import type { HostKind, Lineage, Step } from "./model.ts";

const keyOf = ({ seed, steps }: Lineage) => JSON.stringify([seed, steps]);

interface Outcome {
  file: Buffer;
  sha256: string;
  /** Answers to each base dataset; empty if none were requested. */
  answers: string[];
}

/** Repeats the history of a network on a server that is never killed; each history once. */
export class Replay {
  readonly #server: RunningServer;
  readonly #base: readonly BaseDataset[];
  readonly #dataDir: string;
  readonly #hosts: ReadonlyMap<HostKind, string>;
  /** File of the network, and its answers for each base dataset, by lineage. */
  readonly #states = new Map<string, Outcome>();
  /** Lineages whose answers are compared. */
  readonly #asked: ReadonlySet<string>;
  #count = 0;

  constructor(
    server: RunningServer,
    options: {
      base: readonly BaseDataset[];
      dataDir: string;
      asked: readonly Lineage[];
      /** Needed for histories that used more than the CPU. */
      hosts?: ReadonlyMap<HostKind, string>;
    },
  ) {
    this.#server = server;
    this.#base = options.base;
    this.#dataDir = options.dataDir;
    this.#hosts = options.hosts ?? new Map();
    this.#asked = new Set(options.asked.map(keyOf));
  }

  async outcome(lineage: Lineage): Promise<Outcome> {
    if (!this.#states.has(keyOf(lineage))) await this.#run(lineage);
    return this.#states.get(keyOf(lineage)) as Outcome;
  }

  /** The current state of a network. */
  async fileOf(cluster: string): Promise<Buffer> {
    const body = { name: "state", cluster_uuid: cluster };
    const { uuid } = await this.#server.ask<{ uuid: string }>("POST", "/cluster/save", body);
    await this.#untilFinished(cluster, uuid);
    return readFile(join(this.#dataDir, "checkpoints", `${uuid}.safetensors`));
  }

  /** The answer of a network with this history to a row by direct IO. */
  async directAnswer(lineage: Lineage, row: number): Promise<string> {
    const uuid = await this.#make(lineage, lineage.steps.length);
    await this.#setMode(uuid, "DIRECT");
    const socket = await openDirect(this.#server, uuid);
    const values = await socket.ask(row);
    await socket.close();
    await this.#server.ask("DELETE", `/cluster?uuid=${uuid}`);
    return values;
  }

  async #run(lineage: Lineage): Promise<void> {
    const { seed, steps } = lineage;
    const uuid = await this.#make(lineage, 0);
    for (let count = 0; count <= steps.length; count++) {
      if (count > 0) await this.#take(uuid, lineage, count - 1);
      const file = await this.fileOf(uuid);
      const key = keyOf({ seed, steps: steps.slice(0, count), isExact: true });
      const answers: string[] = [];
      if (this.#asked.has(key)) for (const base of this.#base) answers.push(await this.#ask(uuid, base));
      this.#states.set(key, {
        file,
        sha256: createHash("sha256").update(file).digest("hex"),
        answers,
      });
    }
    await this.#server.ask("DELETE", `/cluster?uuid=${uuid}`);
  }

  /** A cluster with the first `count` steps. */
  async #make(lineage: Lineage, count: number): Promise<string> {
    const body = { name: `replay ${++this.#count}`, template: base64(smallTemplate), seed: lineage.seed };
    const { uuid } = await this.#server.ask<{ uuid: string }>("POST", "/cluster", body);
    for (let index = 0; index < count; index++) await this.#take(uuid, lineage, index);
    return uuid;
  }

  /** Carries out one step of a history, on its host. */
  async #take(cluster: string, lineage: Lineage, index: number): Promise<void> {
    const { steps } = lineage;
    const step = steps[index] as Step;
    if (step.host !== (steps[index - 1]?.host ?? "cpu")) {
      const body = { cluster_uuid: cluster, host_uuid: this.#hosts.get(step.host) };
      await this.#server.ask("PUT", "/cluster/switch_host", body);
    }
    if (step.kind === "direct") {
      const first = cyclesOf(this.#base, { ...lineage, steps: steps.slice(0, index) });
      await this.#setMode(cluster, "DIRECT");
      const socket = await openDirect(this.#server, cluster);
      for (let row = first; row < first + step.cycles; row++) await socket.train(row);
      await socket.close();
      await this.#setMode(cluster, "TASK");
      return;
    }
    const { dataset, epochs, batch_size } = step;
    const body = trainBody(cluster, (this.#base[dataset] as BaseDataset).uuid, { epochs, batch_size });
    const { uuid } = await this.#server.ask<{ uuid: string }>("POST", "/task/train", body);
    await this.#untilFinished(cluster, uuid);
  }

  async #setMode(uuid: string, new_state: "TASK" | "DIRECT"): Promise<void> {
    await this.#server.ask("PUT", "/cluster/set_mode", { uuid, new_state });
  }

  async #ask(cluster: string, base: BaseDataset): Promise<string> {
    const { uuid } = await this.#server.ask<{ uuid: string }>("POST", "/task/request", requestBody(cluster, base.uuid));
    await this.#untilFinished(cluster, uuid);
    const query = `uuid=${uuid}&column_name=label&row_offset=0&number_of_rows=${base.rows}`;
    return JSON.stringify(await this.#server.ask("GET", `/dataset/content?${query}`));
  }

  async #untilFinished(cluster: string, uuid: string): Promise<void> {
    for (;;) {
      const task = await this.#server.ask<TaskBody>("GET", `/task?uuid=${uuid}&cluster_uuid=${cluster}`);
      if (task.state === "finished") return;
      if (!["queued", "active"].includes(task.state)) throw new Error(JSON.stringify(task));
      await delay(5);
    }
  }
}
