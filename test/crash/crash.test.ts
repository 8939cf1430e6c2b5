import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../datasets/support.ts";
import { databases } from "../support/databases.ts";
import { createRandom } from "../support/random.ts";
import { kill, type RunningServer, spawnServer, startServer } from "../support/server-process.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";
import { Client } from "./client.ts";
import { findLeftOvers } from "./folders.ts";
import { Replay } from "./replay.ts";

const { HANAMI_CRASH_KILLS: givenKills, HANAMI_CRASH_SEED: givenSeed, HANAMI_CRASH_DATABASE: only } = process.env;
const seed = Number(givenSeed ?? 1);
const clientsCount = 3;
/** Between two kills; not a time, so that a slow machine does as much as a fast one. */
const answersMax = 40;
const startMsMax = 900;
const minutes = 60_000;

const chosen = databases.filter(({ name }) => only === undefined || name === only);
const killsOn = (name: string) => Number(givenKills ?? (name === "PGlite" ? 3 : 1));

async function prepare(database: (typeof databases)[number]) {
  const dataDir = await temporaryFolder();
  const { url, drop } = await database.prepare(join(dataDir, "database"));
  onTestFinished(drop);
  const env = { HANAMI_SNAPSHOT_INTERVAL_MS: "30", ...(url === undefined ? {} : { DATABASE_URL: url }) };
  return { dataDir, env };
}

describe.each(chosen)("on $name", (database) => {
  const kills = killsOn(database.name);

  test(`a mixed load and ${kills} kills, seed ${seed}`, { timeout: 10 * minutes + kills * minutes }, async () => {
    const { dataDir, env } = await prepare(database);
    const random = createRandom(seed);
    let server = await startServer(dataDir, env);
    const base = await uploadBaseDatasets(server, [96, 200]);
    const clients = Array.from(
      { length: clientsCount },
      (_, index) => new Client({ name: `client${index}`, random: createRandom(seed * 100 + index), base, dataDir }),
    );
    const acknowledged = () =>
      clients.reduce((sum, { done }) => sum + [...done.values()].reduce((total, count) => total + count, 0), 0);
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
        // Putting things in order at the start can be interrupted just as well.
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
    const asked = clients.flatMap((client) => [...client.results.values()].map(({ lineage }) => lineage));
    const replay = new Replay(server, { base, dataDir, asked });
    const compared = { clusters: 0, checkpoints: 0, results: 0 };
    for (const client of clients) {
      for (const { uuid, lineage } of client.clusters.values()) {
        expect((await replay.fileOf(uuid)).equals((await replay.outcome(lineage)).file)).toBe(true);
        compared.clusters++;
      }
      for (const { lineage, sha256 } of client.checkpoints.values()) {
        expect(sha256).toBe((await replay.outcome(lineage)).sha256);
        compared.checkpoints++;
      }
      for (const { lineage, dataset, content } of client.results.values()) {
        expect(content).toBe((await replay.outcome(lineage)).answers[dataset]);
        compared.results++;
      }
    }
    await kill(server);
    const done: Record<string, number> = {};
    for (const client of clients) for (const [what, count] of client.done) done[what] = (done[what] ?? 0) + count;
    console.log(JSON.stringify({ database: database.name, seed, kills, acknowledged: done, identical: compared }));
    expect(compared.clusters).toBeGreaterThan(0);
  });
});
