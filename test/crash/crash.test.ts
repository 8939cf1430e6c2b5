import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../datasets/support.ts";
import { databases } from "../support/databases.ts";
import { createRandom } from "../support/random.ts";
import { kill, type RunningServer, spawnServer, startServer } from "../support/server-process.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";
import { Client } from "./client.ts";
import { findLeftOvers } from "./folders.ts";
import { Ledger } from "./ledger.ts";
import { list } from "./listing.ts";
import type { HostKind, Lineage } from "./model.ts";
import { Replay } from "./replay.ts";

const { HANAMI_CRASH_KILLS: givenKills, HANAMI_CRASH_SEED: givenSeed, HANAMI_CRASH_DATABASE: only } = process.env;
const seed = Number(givenSeed ?? 1);
const clientsCount = 3;
/** Answers between two kills; a number instead of a time, so that slow and fast machines do the same work. */
const answersMax = 40;
const startMsMax = 900;
const minutes = 60_000;

const chosen = databases.filter(({ name }) => only === undefined || name === only);
const killsOn = (name: string) => Number(givenKills ?? (name === "PGlite" ? 3 : 1));

async function prepare(database: (typeof databases)[number]) {
  const dataDir = await temporaryFolder();
  const { url, drop } = await database.prepare();
  onTestFinished(drop);
  const env = {
    HANAMI_SNAPSHOT_INTERVAL_MS: "30",
    HANAMI_SOFTWARE_GPU: "true",
    // Room for about three networks: they leave and come back all the time.
    HANAMI_CPU_MEMORY_BYTES: "2700000",
    HANAMI_GPU_MEMORY_BYTES: "120000000",
    ...(url === undefined ? {} : { DATABASE_URL: url }),
  };
  return { dataDir, env };
}

describe.each(chosen)("on $name", (database) => {
  const kills = killsOn(database.name);

  test(`a mixed load and ${kills} kills, seed ${seed}`, { timeout: 10 * minutes + kills * minutes }, async () => {
    const { dataDir, env } = await prepare(database);
    const random = createRandom(seed);
    let server = await startServer(dataDir, env);
    const base = await uploadBaseDatasets(server, [96, 200]);
    const hosts = new Map(
      (await list(server, "/host/all")).map(({ type, uuid }) => [type as HostKind, uuid as string]),
    );
    expect([...hosts.keys()]).toEqual(["cpu", "gpu"]);
    const ledgers = Array.from(
      { length: clientsCount },
      (_, index) =>
        new Ledger({ name: `client${index}`, random: createRandom(seed * 100 + index), base, dataDir, hosts }),
    );
    // Otherwise a short round would not reach the slow host.
    for (const ledger of ledgers.slice(0, 1)) ledger.firstHost = "gpu";
    const clients = ledgers.map((ledger) => new Client(ledger));
    const acknowledged = () =>
      ledgers.reduce((sum, { done }) => sum + [...done.values()].reduce((total, count) => total + count, 0), 0);
    const checkAll = async (next: RunningServer) => {
      await Promise.all(clients.map((client) => client.check(next)));
      expect(await findLeftOvers(next, dataDir)).toEqual([]);
    };

    for (let count = 0; count < kills; count++) {
      let isOver = false;
      const running = server;
      const work = Promise.all(clients.map((client) => client.work(running, () => isOver)));
      const target = acknowledged() + random.int(1, answersMax);
      while (acknowledged() < target) await Promise.race([work, delay(5)]);
      await delay(random.int(0, 100));
      isOver = true;
      await kill(server);
      await work;
      if (random.int(0, 4) === 0 && ++count < kills) {
        // Recovery during the start can be interrupted as well.
        const starting = spawnServer(dataDir, env);
        starting.stdout.resume();
        await delay(random.int(50, startMsMax));
        await kill({ child: starting });
      }
      server = await startServer(dataDir, env);
      await checkAll(server);
    }

    await Promise.all(clients.map((client) => client.drain(server)));
    await checkAll(server);
    const asked = ledgers.flatMap(({ results }) => [...results.values()].map(({ lineage }) => lineage));
    const replay = new Replay(server, { base, dataDir, asked, hosts });
    const compared = { clusters: 0, checkpoints: 0, results: 0, "direct answers": 0 };
    // A network that moved during training is not reproducible byte for byte; its number of cycles was checked.
    const inexact = { clusters: 0, checkpoints: 0, results: 0, "direct answers": 0 };
    const compare = async (what: keyof typeof compared, lineage: Lineage, isSame: () => Promise<boolean>) => {
      if (!lineage.isExact) return void inexact[what]++;
      expect(await isSame(), `${what} ${JSON.stringify(lineage)}`).toBe(true);
      compared[what]++;
    };
    for (const ledger of ledgers) {
      for (const { uuid, lineage } of ledger.clusters.values()) {
        await compare("clusters", lineage, async () =>
          (await replay.fileOf(uuid)).equals((await replay.outcome(lineage)).file),
        );
      }
      for (const { lineage, sha256 } of ledger.checkpoints.values()) {
        await compare("checkpoints", lineage, async () => sha256 === (await replay.outcome(lineage)).sha256);
      }
      for (const { lineage, dataset, content } of ledger.results.values()) {
        await compare("results", lineage, async () => content === (await replay.outcome(lineage)).answers[dataset]);
      }
      for (const { lineage, row, values } of ledger.directAnswers) {
        await compare("direct answers", lineage, async () => values === (await replay.directAnswer(lineage, row)));
      }
    }
    await kill(server);
    const done: Record<string, number> = {};
    for (const ledger of ledgers) for (const [what, count] of ledger.done) done[what] = (done[what] ?? 0) + count;
    const directCycles = ledgers.reduce((sum, ledger) => sum + ledger.directCycles, 0);
    const total = acknowledged();
    const figures = { total, acknowledged: done, directCycles, identical: compared, "moved while training": inexact };
    console.log(JSON.stringify({ database: database.name, seed, kills, ...figures }));
    expect(compared.clusters + inexact.clusters).toBeGreaterThan(0);
  });
});
