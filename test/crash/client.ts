import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { RunningServer } from "../support/server-process.ts";
import { changeAccounts, checkAccounts } from "./accounts.ts";
import { checkCheckpoint, handleCheckpoint } from "./checkpoints.ts";
import { checkCluster, createCluster, deleteCluster, moveCluster } from "./clusters.ts";
import { directIo, setMode } from "./direct.ts";
import type { Ledger } from "./ledger.ts";
import { takeListing } from "./listing.ts";
import type { TaskModel } from "./model.ts";
import { contentOf, deleteTask, follow, queueTask, stepsMax } from "./tasks.ts";
import { checkUpload, upload } from "./uploads.ts";

const clustersMax = 2;

/** A refusal fails the test; a broken connection is the effect of the kill. */
const isRefusal = (error: unknown) => error instanceof Error && /^[A-Z]+ \/\S*: \d{3} /.test(error.message);

/** One of several clients: carries out one action after another on its own resources. */
export class Client {
  readonly ledger: Ledger;

  constructor(ledger: Ledger) {
    this.ledger = ledger;
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

  async #act(server: RunningServer): Promise<void> {
    const { ledger } = this;
    const { random } = ledger;
    const clusters = [...ledger.clusters.values()];
    const choice = random.int(0, 99);
    if (clusters.length === 0 || (choice < 4 && clusters.length < clustersMax)) return createCluster(ledger, server);
    const cluster = random.pick(clusters);
    if (choice < 48)
      return cluster.mode === "TASK" ? queueTask(ledger, server, cluster) : directIo(ledger, server, cluster);
    if (choice < 52 || (choice < 58 && cluster.lineage.steps.length >= stepsMax)) {
      return deleteCluster(ledger, server, cluster);
    }
    // A software GPU is slow and takes seconds to start: few clusters move there, and they soon return.
    if (cluster.host === "gpu" ? choice < 78 : choice < 60 && random.int(0, 2) === 0) {
      return moveCluster(ledger, server, cluster);
    }
    if (choice < 66) return directIo(ledger, server, cluster);
    if (choice < 72) return changeAccounts(ledger, server);
    if (choice < 88) return upload(ledger, server);
    if (choice < 92) return deleteTask(ledger, server, cluster);
    return handleCheckpoint(ledger, server);
  }

  /** After a restart: finds out how the interrupted action ended, then compares everything. */
  async check(server: RunningServer): Promise<void> {
    const { ledger } = this;
    await ledger.settle(server);
    for (const cluster of ledger.clusters.values()) await follow(ledger, server, cluster);
    for (const cluster of ledger.clusters.values()) await checkCluster(ledger, server, cluster);
    const listing = await takeListing(server);
    await checkAccounts(ledger, server, listing);
    const own = (rows: Map<string, Record<string, string>>) =>
      [...rows].filter(([, row]) => ledger.isOwn(row["name"])).map(([uuid]) => uuid);
    assert.deepEqual(own(listing.clusters).sort(), [...ledger.clusters.keys()].sort());
    // A save may have finished since `follow` looked.
    const saved = [...ledger.checkpoints.keys(), ...this.#unfinished("save")];
    const missing = [...ledger.checkpoints.keys()].filter((uuid) => !listing.checkpoints.has(uuid));
    assert.deepEqual(missing, []);
    assert.deepEqual(
      own(listing.checkpoints).filter((uuid) => !saved.includes(uuid)),
      [],
    );
    const datasets = [...ledger.uploads.keys(), ...ledger.results.keys(), ...this.#unfinished("request")];
    assert.deepEqual(own(listing.datasets).sort(), datasets.sort());
    for (const each of ledger.uploads.values()) await checkUpload(server, each);
    for (const checkpoint of ledger.checkpoints.values()) await checkCheckpoint(ledger, checkpoint);
    for (const result of ledger.results.values()) {
      assert.equal(await contentOf(ledger, server, result), result.content);
    }
  }

  /** Waits until nothing is queued; every cluster is in TASK mode then. */
  async drain(server: RunningServer): Promise<void> {
    const { ledger } = this;
    for (const cluster of ledger.clusters.values()) {
      if (cluster.mode === "DIRECT") await setMode(ledger, server, { cluster, mode: "TASK" });
      for (;;) {
        await follow(ledger, server, cluster);
        if ([...cluster.tasks.values()].every((task) => task.isOver)) break;
        await delay(20);
      }
    }
  }

  #unfinished(kind: TaskModel["kind"]): string[] {
    const tasks = [...this.ledger.clusters.values()].flatMap((cluster) => [...cluster.tasks.values()]);
    return tasks.filter((task) => task.kind === kind && !task.isOver).map(({ uuid }) => uuid);
  }
}
