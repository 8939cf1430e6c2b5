import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "../datasets/support.ts";
import { smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import { embeddedDatabase } from "../support/databases.ts";
import { kill, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";

test("SIGTERM answers what was asked, saves what was learned, and the task goes on from there", async () => {
  const dataDir = await temporaryFolder();
  await embeddedDatabase.prepare(join(dataDir, "database"));
  // No snapshot but the last one.
  const env = { HANAMI_SNAPSHOT_INTERVAL_MS: "3600000" };
  const first = await startServer(dataDir, env);
  const [base] = await uploadBaseDatasets(first, [200]);
  const template = base64(smallTemplate);
  const cluster = await first.ask<{ uuid: string }>("POST", "/cluster", { name: "stopped", template, seed: 1 });
  const body = trainBody(cluster.uuid, base?.uuid as string, { epochs: 1_000_000 });
  const task = await first.ask<TaskBody>("POST", "/task/train", body);
  const path = `/task?uuid=${task.uuid}&cluster_uuid=${cluster.uuid}`;
  let seen = 0;
  while (seen === 0) {
    await delay(5);
    seen = (await first.ask<TaskBody>("GET", path)).current_cycle;
  }

  const exited = once(first.child, "exit");
  // Hashing the passphrase takes long enough for the signal to arrive meanwhile.
  const user = first.ask("POST", "/user", { id: "late_user", name: "late user", passphrase: base64("a passphrase") });
  user.catch(() => {});
  await delay(5);
  first.child.kill("SIGTERM");
  expect(await user).toMatchObject({ id: "late_user" });
  expect((await exited)[0]).toBe(0);

  const second = await startServer(dataDir, env);
  const resumed = async () => (await second.ask<TaskBody>("GET", path)).current_cycle;
  await expect.poll(resumed, { timeout: 20_000 }).toBeGreaterThanOrEqual(seen);
  expect(await second.ask("GET", "/user?id=late_user")).toMatchObject({ id: "late_user" });
  await kill(second);
}, 120_000);
