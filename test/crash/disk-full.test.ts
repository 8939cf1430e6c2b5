import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { reservedBytes } from "../../src/files/free-space.ts";
import { outageTexts } from "../../src/server/outage.ts";
import { openUpload, sendFile } from "../api/dataset-support.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { requestBody, smallTemplate, type TaskBody, trainBody } from "../support/compute.ts";
import { kill, type RunningServer, startServer } from "../support/server-process.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { base64 } from "../support/test-app.ts";
import { uploadBaseDatasets } from "./base-datasets.ts";
import { openDirect } from "./direct-socket.ts";
import { findLeftOvers } from "./folders.ts";
import { takeListing } from "./listing.ts";
import { Replay } from "./replay.ts";

const refused = `: 500 ${outageTexts.space}`;
const mib = 1024 * 1024;

const statusOf = async ({ url }: RunningServer, path: string) => (await fetch(url + path)).status;

const newCluster = async (server: RunningServer, name: string) =>
  (await server.ask<{ uuid: string }>("POST", "/cluster", { name, template: base64(smallTemplate), seed: 5 })).uuid;

const taskOf = (server: RunningServer, cluster: string, uuid: string) =>
  server.ask<TaskBody>("GET", `/task?uuid=${uuid}&cluster_uuid=${cluster}`);

async function untilState(server: RunningServer, task: { cluster: string; uuid: string }, state: string) {
  const look = async () => (await taskOf(server, task.cluster, task.uuid)).state;
  await expect.poll(look, { interval: 20, timeout: 240_000 }).toBe(state);
}

async function announce(server: RunningServer, name: string, bytes: number) {
  const body = { name, input_data_size: bytes };
  return server.ask<{ uuid: string; uuid_input_file: string }>("POST", "/dataset/upload/csv", body);
}

const rowsOf = async (server: RunningServer, uuid: string) =>
  (await server.ask<{ number_of_rows: number }>("GET", `/dataset?uuid=${uuid}`)).number_of_rows;

test("without disk space every action reports it, nothing is lost, and work continues when there is space again", async (t) => {
  // With the embedded database, because this needs only memory.
  const disk = await mountSmallDisk(160);
  if ("reason" in disk) return t.skip(disk.reason);
  const { folder } = disk;
  const dataDir = join(folder, "data");
  const env = { HANAMI_SNAPSHOT_INTERVAL_MS: "30", HANAMI_LOG_LEVEL: "silent" };
  let server = await startServer(dataDir, env);
  const base = await uploadBaseDatasets(server, [200]);
  const dataset = base[0]?.uuid as string;
  const [trained, undisturbed, idle, direct] = [
    await newCluster(server, "trained"),
    await newCluster(server, "undisturbed"),
    await newCluster(server, "idle"),
    await newCluster(server, "direct"),
  ];
  const csv = Buffer.from(`a,b\n${"1,2\n".repeat(5000)}`);
  const upload = await announce(server, "complete before", csv.length);
  await sendFile(server.url, server.token, upload.uuid_input_file, csv);
  const half = await announce(server, "half before", csv.length);
  const socket = await openUpload(server.url, server.token, half.uuid_input_file);
  expect((await socket.put(0, csv.subarray(0, 1000)))?.success).toBe(true);
  await server.ask("PUT", "/cluster/set_mode", { uuid: direct, new_state: "DIRECT" });
  const line = await openDirect(server, direct);

  // Less than the space that is reserved for the database.
  const free = async () => {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  };
  await writeFile(join(folder, "filler"), Buffer.alloc((await free()) - reservedBytes / 2));
  expect([await statusOf(server, "/health"), await statusOf(server, "/ready")]).toEqual([200, 503]);
  const epochs = 30;
  const training = await server.ask<TaskBody>("POST", "/task/train", trainBody(trained, dataset, { epochs }));
  expect(await socket.put(1000, csv.subarray(1000))).toMatchObject({
    success: false,
    errorMessage: "Failed to write data to disc",
  });
  const finalize = { uuid: upload.uuid, uuid_input_file: upload.uuid_input_file };
  await expect(server.ask("PUT", "/dataset/upload/csv", finalize)).rejects.toThrow(refused);
  expect(await rowsOf(server, upload.uuid)).toBe(0);
  const save = await server.ask<TaskBody>("POST", "/cluster/save", { name: "no room", cluster_uuid: idle });
  const question = await server.ask<TaskBody>("POST", "/task/request", requestBody(idle, dataset));
  for (const { uuid } of [save, question]) {
    await untilState(server, { cluster: idle, uuid }, "failed");
    expect((await taskOf(server, idle, uuid)).error_message).toBe(outageTexts.space);
  }
  const listing = await takeListing(server);
  expect(listing.checkpoints.size).toBe(0);
  expect(listing.datasets.has(question.uuid)).toBe(false);
  // Work that needs no space continues for everybody; so does the training, whose end waits.
  for (let row = 0; row < 20; row++) await line.train(row);
  const look = async () => (await taskOf(server, trained, training.uuid)).current_cycle;
  await expect.poll(look, { interval: 20, timeout: 120_000 }).toBe(epochs * 200);
  expect((await taskOf(server, trained, training.uuid)).state).toBe("active");
  await server.ask("DELETE", `/task?uuid=${save.uuid}&cluster_uuid=${idle}`);

  // No space at all, not even for the database.
  await writeFile(join(folder, "second filler"), Buffer.alloc(await free()));
  const made: string[] = [];
  const makeProjects = async () => {
    for (let count = 0; count < 2000; count++) {
      const id = `project_${count}`;
      await server.ask("POST", "/project", { id, name: "x".repeat(200) });
      made.push(id);
    }
  };
  await expect(makeProjects()).rejects.toThrow(refused);
  expect(await server.ask("GET", "/project/all")).toHaveProperty("body");
  expect(await statusOf(server, "/health")).toBe(200);

  await rm(join(folder, "filler"));
  await rm(join(folder, "second filler"));
  await expect.poll(() => statusOf(server, "/ready"), { interval: 20, timeout: 60_000 }).toBe(200);
  expect((await socket.put(1000, csv.subarray(1000)))?.success).toBe(true);
  await server.ask("PUT", "/dataset/upload/csv", finalize);
  await server.ask("PUT", "/dataset/upload/csv", { uuid: half.uuid, uuid_input_file: half.uuid_input_file });
  await untilState(server, { cluster: trained, uuid: training.uuid }, "finished");
  await line.close();
  await server.ask("PUT", "/cluster/set_mode", { uuid: direct, new_state: "TASK" });

  await kill(server);
  server = await startServer(dataDir, env);
  expect([await rowsOf(server, upload.uuid), await rowsOf(server, half.uuid)]).toEqual([5000, 5000]);
  expect(await server.ask("GET", `/cluster?uuid=${direct}`)).toMatchObject({ number_of_cycles: 20 });
  const { projects } = await takeListing(server);
  expect(made.filter((id) => !projects.has(id))).toEqual([]);
  expect(await findLeftOvers(server, dataDir)).toEqual([]);
  const again = await server.ask<TaskBody>("POST", "/task/train", trainBody(undisturbed, dataset, { epochs }));
  await untilState(server, { cluster: undisturbed, uuid: again.uuid }, "finished");
  const replay = new Replay(server, { base, dataDir, asked: [] });
  expect((await replay.fileOf(trained)).equals(await replay.fileOf(undisturbed))).toBe(true);
  await kill(server);
}, 600_000);

test("files beyond the system's size limit are refused with a text, and the rest works", async () => {
  const dataDir = await temporaryFolder();
  // In blocks of 512 bytes: 18 MiB, enough for the files of the database.
  const wrapper = ["sh", "-c", 'ulimit -f 36864; exec "$@"', "sh"];
  const server = await startServer(dataDir, { HANAMI_LOG_LEVEL: "silent" }, wrapper);
  await expect(announce(server, "too long", 40 * mib)).rejects.toThrow(refused);
  // Each row takes two bytes of text and four of the dataset.
  const csv = Buffer.from(`a\n${"1\n".repeat(5_000_000)}`);
  const upload = await announce(server, "too long when it is read", csv.length);
  await sendFile(server.url, server.token, upload.uuid_input_file, csv, 4 * mib);
  const finalize = { uuid: upload.uuid, uuid_input_file: upload.uuid_input_file };
  await expect(server.ask("PUT", "/dataset/upload/csv", finalize)).rejects.toThrow(refused);
  expect(await rowsOf(server, upload.uuid)).toBe(0);
  const listing = await takeListing(server);
  expect([...listing.datasets.values()].map((row) => row["name"])).toEqual(["too long when it is read"]);
  expect(await findLeftOvers(server, dataDir)).toEqual([]);
  const [other] = await uploadBaseDatasets(server, [40]);
  expect(await rowsOf(server, other?.uuid as string)).toBe(40);
  await kill(server);
}, 120_000);
