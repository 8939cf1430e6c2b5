import { once } from "node:events";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../datasets/support.ts";
import { smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import { embeddedDatabase } from "../support/databases.ts";
import { kill, type RunningServer, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";
import { Replay } from "./replay.ts";

async function stop({ child }: RunningServer): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);
}

test("a copy of the data directory brings back what was there, as docs/operating.md says", async () => {
  const root = await temporaryFolder();
  const dataDir = join(root, "data");
  const backup = join(root, "backup");
  await embeddedDatabase.prepare(join(dataDir, "database"));
  const first = await startServer(dataDir);
  const base = await uploadBaseDatasets(first, [40]);
  const dataset = base[0]?.uuid as string;
  const body = { name: "kept", template: base64(smallTemplate), seed: 1 };
  const { uuid: cluster } = await first.ask<{ uuid: string }>("POST", "/cluster", body);
  const task = await first.ask<TaskBody>("POST", "/task/train", trainBody(cluster, dataset));
  const path = `/task?uuid=${task.uuid}&cluster_uuid=${cluster}`;
  await expect.poll(async () => (await first.ask<TaskBody>("GET", path)).state, { timeout: 30_000 }).toBe("finished");
  const before = await new Replay(first, { base, dataDir, asked: [] }).fileOf(cluster);
  await stop(first);
  await cp(dataDir, backup, { recursive: true });

  const second = await startServer(dataDir);
  await second.ask("DELETE", `/cluster?uuid=${cluster}`);
  await second.ask("DELETE", `/dataset?uuid=${dataset}`);
  await stop(second);

  const restored = await startServer(backup);
  // The key of the tokens is part of the copy.
  const headers = { "X-Auth-Token": first.token };
  expect((await fetch(`${restored.url}/v1.0alpha/cluster/all`, { headers })).status).toBe(200);
  expect(await restored.ask("GET", path)).toMatchObject({ state: "finished", current_cycle: 40 });
  expect(await restored.ask("GET", `/dataset?uuid=${dataset}`)).toMatchObject({ number_of_rows: 40 });
  const after = await new Replay(restored, { base, dataDir: backup, asked: [] }).fileOf(cluster);
  expect(after.equals(before)).toBe(true);
  await kill(restored);
}, 120_000);
