import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sendFile } from "../api/dataset-support.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { requestBody, smallTemplate, type TaskBody } from "../support/compute.ts";
import { kill, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";
import { openDirect } from "./direct-socket.ts";

test("files are synced, renamed and synced in their folder before an answer confirms them", async (t) => {
  if (process.platform !== "linux") return t.skip("the paths of open files are known on Linux only");
  const dataDir = await temporaryFolder();
  const log = join(dataDir, "syncs");
  await writeFile(log, "");
  const preload = new URL(`../support/log-syncs.js?log=${encodeURIComponent(log)}`, import.meta.url).href;
  const server = await startServer(dataDir, { HANAMI_SNAPSHOT_INTERVAL_MS: "3600000" }, [
    "/bin/sh",
    "-c",
    `exec "$0" --import='${preload}' "$@"`,
  ]);

  /** Returns the log since the last call, with the folder's name instead of its path. */
  let seen = 0;
  const happened = async () => {
    const lines = (await readFile(log, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => line.replaceAll(`${dataDir}/`, ""));
    const fresh = lines.slice(seen);
    seen = lines.length;
    return fresh;
  };
  /** Each pattern matches a later line than the one before. */
  const expectInOrder = async (patterns: RegExp[]) => {
    const lines = await happened();
    let from = 0;
    for (const pattern of patterns) {
      const index = lines.findIndex((line, place) => place >= from && pattern.test(line));
      expect(index, `${pattern.source} in\n${lines.join("\n")}`).toBeGreaterThanOrEqual(from);
      from = index + 1;
    }
  };

  const csv = Buffer.from("a,b\n1,2\n3,4\n");
  const announced = { name: "synced", input_data_size: csv.length };
  const upload = await server.ask<{ uuid: string; uuid_input_file: string }>("POST", "/dataset/upload/csv", announced);
  const { uuid, uuid_input_file: file } = upload;
  await expectInOrder([new RegExp(`^synced tempfiles/${file}$`), /^synced tempfiles$/]);
  await sendFile(server.url, server.token, file, csv);
  await expectInOrder([new RegExp(`^synced tempfiles/${file}$`)]);
  await server.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file: file });
  const partial = `datasets/${uuid}\\.\\S+\\.partial`;
  await expectInOrder([
    new RegExp(`^synced ${partial}$`),
    new RegExp(`^renamed ${partial} datasets/${uuid}$`),
    /^synced datasets$/,
  ]);

  const template = base64(smallTemplate);
  const cluster = await server.ask<{ uuid: string }>("POST", "/cluster", { name: "synced", template, seed: 1 });
  await server.ask("PUT", "/cluster/set_mode", { uuid: cluster.uuid, new_state: "DIRECT" });
  const socket = await openDirect(server, cluster.uuid);
  await socket.train(0);
  await socket.close();
  await happened();
  await server.ask("PUT", "/cluster/set_mode", { uuid: cluster.uuid, new_state: "TASK" });
  const snapshot = `clusters/${cluster.uuid}\\.\\d+\\.safetensors`;
  await expectInOrder([
    new RegExp(`^synced ${snapshot}\\.tmp$`),
    new RegExp(`^renamed ${snapshot}\\.tmp ${snapshot}$`),
    /^synced clusters$/,
  ]);

  const untilFinished = async (task: string) => {
    const path = `/task?uuid=${task}&cluster_uuid=${cluster.uuid}`;
    await expect
      .poll(async () => (await server.ask<TaskBody>("GET", path)).state, { timeout: 60_000 })
      .toBe("finished");
  };
  const body = { name: "synced", cluster_uuid: cluster.uuid };
  const save = await server.ask<TaskBody>("POST", "/cluster/save", body);
  await untilFinished(save.uuid);
  const checkpoint = `checkpoints/${save.uuid}\\.safetensors`;
  await expectInOrder([
    new RegExp(`^synced ${checkpoint}\\.tmp$`),
    new RegExp(`^renamed ${checkpoint}\\.tmp ${checkpoint}$`),
    /^synced checkpoints$/,
  ]);
  const [base] = await uploadBaseDatasets(server, [40]);
  await happened();
  const question = await server.ask<TaskBody>("POST", "/task/request", requestBody(cluster.uuid, base?.uuid as string));
  await untilFinished(question.uuid);
  const result = `datasets/${question.uuid}\\.\\S+\\.partial`;
  const written = [new RegExp(`^synced ${result}$`), new RegExp(`^renamed ${result} datasets/${question.uuid}$`)];
  // Without rows when it is queued, with rows when the task is over.
  await expectInOrder([...written, /^synced datasets$/, ...written, /^synced datasets$/]);
  await kill(server);
}, 120_000);
