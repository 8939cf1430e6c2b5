import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { requestBody, smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import type { RunningServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import type { BaseDataset } from "./base-datasets.ts";
import type { Lineage, Step } from "./model.ts";

const keyOf = ({ seed, steps }: Lineage) => JSON.stringify([seed, steps]);

interface Outcome {
  file: Buffer;
  sha256: string;
  /** To each base dataset; none where nobody asked. */
  answers: string[];
}

/** Does again, on a server that nobody kills, what made a network; each history once. */
export class Replay {
  readonly #server: RunningServer;
  readonly #base: readonly BaseDataset[];
  readonly #dataDir: string;
  /** File of the network, and its answers for each base dataset, by lineage. */
  readonly #states = new Map<string, Outcome>();
  /** Lineages whose answers matter. */
  readonly #asked: ReadonlySet<string>;
  #count = 0;

  constructor(
    server: RunningServer,
    options: { base: readonly BaseDataset[]; dataDir: string; asked: readonly Lineage[] },
  ) {
    this.#server = server;
    this.#base = options.base;
    this.#dataDir = options.dataDir;
    this.#asked = new Set(options.asked.map(keyOf));
  }

  async outcome(lineage: Lineage): Promise<Outcome> {
    if (!this.#states.has(keyOf(lineage))) await this.#run(lineage);
    return this.#states.get(keyOf(lineage)) as Outcome;
  }

  /** The network as it is now. */
  async fileOf(cluster: string): Promise<Buffer> {
    const body = { name: "state", cluster_uuid: cluster };
    const { uuid } = await this.#server.ask<{ uuid: string }>("POST", "/cluster/save", body);
    await this.#untilFinished(cluster, uuid);
    return readFile(join(this.#dataDir, "checkpoints", `${uuid}.safetensors`));
  }

  async #run({ seed, steps }: Lineage): Promise<void> {
    const body = { name: `replay ${++this.#count}`, template: base64(smallTemplate), seed };
    const { uuid } = await this.#server.ask<{ uuid: string }>("POST", "/cluster", body);
    for (let count = 0; count <= steps.length; count++) {
      if (count > 0) await this.#train(uuid, steps[count - 1] as Step);
      const file = await this.fileOf(uuid);
      const key = keyOf({ seed, steps: steps.slice(0, count) });
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

  async #train(cluster: string, { dataset, epochs, batch_size }: Step): Promise<void> {
    const body = trainBody(cluster, (this.#base[dataset] as BaseDataset).uuid, { epochs, batch_size });
    const { uuid } = await this.#server.ask<{ uuid: string }>("POST", "/task/train", body);
    await this.#untilFinished(cluster, uuid);
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
