import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawDigits } from "../../scripts/demo/digits.ts";
import { encodePair, readMnist, type IdxPair } from "../../scripts/demo/idx.ts";
import { mnistFolder } from "../network/mnist.ts";
import { argMax, smallTemplate, type TaskBody } from "../support/compute.ts";
import { hasPython } from "../support/python.ts";
import { adminId, base64, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";
import { connectRaw, EXPECTED, INPUT, ioMessage, REQUEST, TRAIN, uploadMessage, valuesOf } from "./raw-client.ts";

/** The sequence of upstream's own SDK test (cli-sdk.md §4), with the requests of its Python SDK. */

let app: TestApp;
let url: string;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
});
afterAll(() => app.close());

interface Answer {
  status: number | undefined;
  text: string;
}

/** Every request has its own connection; bodies are JSON without a Content-Type. */
function send(method: string, path: string, token: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = { "X-Auth-Token": token, Connection: "close" };
    const data = body === undefined ? undefined : JSON.stringify(body);
    if (data !== undefined) headers["Content-Length"] = String(Buffer.byteLength(data));
    const agent = new Agent({ keepAlive: false });
    const outgoing = httpRequest(`${url}/v1.0alpha${path}`, { method, headers, agent }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (text += piece));
      response.on("end", () => resolve({ status: response.statusCode, text }));
      response.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(data);
  });
}

const segmentBytes = 131_072;

/** Runs the whole sequence on these images. Resolves to the accuracy, and to the answer to one image, at the end. */
async function upstreamOrder(train: IdxPair, check: IdxPair): Promise<{ accuracy: number; answer: number }> {
  let token = "";
  const call = async <T = Record<string, unknown>>(method: string, path: string, body?: object): Promise<T> => {
    const { status, text } = await send(method, path, token, body);
    if (status !== 200) throw new Error(`${method} ${path} answered ${status}: ${text}`);
    return JSON.parse(text) as T;
  };
  const refused = async (wanted: number, method: string, path: string, body?: object) => {
    const { status } = await send(method, path, token, body);
    expect([method, path, status]).toEqual([method, path, wanted]);
  };
  const passphrase = base64(testPassphrase);
  token = (await call<{ token: string }>("POST", "/token", { id: adminId, passphrase })).token;

  // 1. Everything is deleted except the caller's own user.
  for (const noun of ["checkpoint", "dataset", "cluster", "project", "user"]) {
    for (const row of (await call<{ body: string[][] }>("GET", `/${noun}/all`)).body) {
      const key = noun === "project" || noun === "user" ? "id" : "uuid";
      const path = `/${noun}?${key}=${row[1]}`;
      if (row[1] === adminId) await refused(409, "DELETE", path);
      else expect(await call("DELETE", path)).toEqual({});
    }
  }

  // 2. Twice, unknown, invalid.
  await call("POST", "/project", { id: "test_project", name: "Test Project" });
  await refused(409, "POST", "/project", { id: "test_project", name: "Test Project" });
  await refused(404, "GET", "/project?id=fail_project");
  await call("POST", "/user", { id: "new_user", name: "new user", passphrase, is_admin: true });
  await refused(409, "POST", "/user", { id: "new_user", name: "new user", passphrase, is_admin: true });
  await refused(404, "GET", "/user?id=fail_user");
  for (const noun of ["user?id=new_user", "project?id=test_project"]) {
    await call("DELETE", `/${noun}`);
    await refused(404, "DELETE", `/${noun}`);
  }

  async function sendFile(uuid: string, bytes: Uint8Array): Promise<void> {
    const client = await connectRaw(url);
    expect(await client.hello({ token, target: "file_upload", uuid })).toMatchObject({ success: true });
    for (let position = 0; position < bytes.length; position += segmentBytes) {
      const piece = uploadMessage(position, bytes.subarray(position, position + segmentBytes));
      expect((await client.answer(piece)).toString("hex")).toBe("0801");
    }
    client.socket.close();
  }
  async function upload(name: string, { images, labels }: IdxPair): Promise<string> {
    const sizes = { input_data_size: images.length, label_data_size: labels.length };
    type Announced = { uuid: string; uuid_input_file: string; uuid_label_file: string };
    const { uuid, ...files } = await call<Announced>("POST", "/dataset/upload/mnist", { name, ...sizes });
    const { uuid_input_file, uuid_label_file } = files;
    await sendFile(uuid_input_file, images);
    await sendFile(uuid_label_file, labels);
    while (!(await call<{ complete: boolean }>("GET", `/dataset/progress?uuid=${uuid}`)).complete) await delay(20);
    await call("PUT", "/dataset/upload/mnist", { uuid, uuid_input_file, uuid_label_file });
    return uuid;
  }
  const trainSet = await upload("train_test_dataset", train);
  const checkSet = await upload("request_test_dataset", check);
  expect(await call("GET", `/dataset?uuid=${trainSet}`)).toMatchObject({
    number_of_columns: 794,
    number_of_rows: train.count,
  });
  await refused(400, "GET", "/dataset?uuid=fail_dataset");

  const newCluster = async () => {
    const body = { name: "test_cluster", template: base64(smallTemplate) };
    return (await call<{ uuid: string }>("POST", "/cluster", body)).uuid;
  };
  let cluster = await newCluster();
  await refused(400, "GET", "/cluster?uuid=fail_cluster");
  await refused(409, "POST", "/cluster", { name: "test_cluster", template: base64(smallTemplate) });

  // 3. Another host, if there is one, before any training.
  const hosts = (await call<{ body: string[][] }>("GET", "/host/all")).body;
  const host_uuid = (hosts[1] ?? hosts[0])?.[0];
  await call("PUT", "/cluster/switch_host", { cluster_uuid: cluster, host_uuid, hexagon_id: 1 });

  const finished = async (uuid: string) => {
    for (;;) {
      const task = await call<TaskBody>("GET", `/task?uuid=${uuid}&cluster_uuid=${cluster}`);
      expect(task.current_cycle).toBeLessThanOrEqual(task.total_number_of_cycles);
      if (task.state === "finished") return task;
      expect(["queued", "active"]).toContain(task.state);
      await delay(50);
    }
  };
  const bound = (dataset_uuid: string, dataset_column: string, hexagon_name: string) => ({
    dataset_uuid,
    dataset_column,
    hexagon_name,
  });

  // 4. Train.
  const training = await call<TaskBody>("POST", "/task/train", {
    name: "test_task",
    cluster_uuid: cluster,
    inputs: [bound(trainSet, "picture", "picture_hex")],
    outputs: [bound(trainSet, "label", "label_hex")],
    time_length: 1,
  });
  expect((await finished(training.uuid)).current_cycle).toBe(train.count);
  await call("DELETE", `/task?uuid=${training.uuid}&cluster_uuid=${cluster}`);
  await refused(404, "DELETE", `/task?uuid=${training.uuid}&cluster_uuid=${cluster}`);

  // 5. Save; delete the cluster, restore its checkpoint in a new one, and delete the checkpoint.
  const saved = await call<TaskBody>("POST", "/cluster/save", { name: "test_checkpoint", cluster_uuid: cluster });
  await finished(saved.uuid);
  const checkpoints = (await call<{ body: string[][] }>("GET", "/checkpoint/all")).body;
  expect(checkpoints.map((row) => row[1])).toEqual([saved.uuid]);
  await call("DELETE", `/cluster?uuid=${cluster}`);
  await refused(404, "DELETE", `/cluster?uuid=${cluster}`);
  cluster = await newCluster();
  const load = { cluster_uuid: cluster, checkpoint_uuid: saved.uuid };
  await call("POST", "/cluster/load", load);
  await call("DELETE", `/checkpoint?uuid=${saved.uuid}`);
  await refused(404, "DELETE", `/checkpoint?uuid=${saved.uuid}`);

  // 6. Request.
  const asked = await call<TaskBody>("POST", "/task/request", {
    name: "test_task",
    cluster_uuid: cluster,
    inputs: [bound(checkSet, "picture", "picture_hex")],
    results: [{ dataset_column: "test_output", hexagon_name: "label_hex" }],
    time_length: 1,
  });
  await finished(asked.uuid);
  const { accuracy } = await call<{ accuracy: number }>(
    "GET",
    `/dataset/check?uuid=${asked.uuid}&reference_uuid=${checkSet}`,
  );
  const rows = `uuid=${asked.uuid}&column_name=test_output&row_offset=100&number_of_rows=10`;
  const { data } = await call<{ data: number[][] }>("GET", `/dataset/content?${rows}`);
  expect(data.map((row) => row.length)).toEqual(Array(10).fill(10));
  await call("DELETE", `/task?uuid=${asked.uuid}&cluster_uuid=${cluster}`);
  await call("DELETE", `/dataset?uuid=${asked.uuid}`);

  // 7. Direct IO.
  const five = check.labels.subarray(8).indexOf(5);
  const image = Float32Array.from(check.images.subarray(16 + 784 * five, 16 + 784 * (five + 1)));
  await call("PUT", "/cluster/set_mode", { uuid: cluster, new_state: "DIRECT" });
  const client = await connectRaw(url);
  expect(await client.hello({ token, target: "cluster", uuid: cluster })).toMatchObject({ success: true });
  const input = { name: "picture_hex", values: image, buffer: INPUT };
  const expected = { name: "label_hex", values: Float32Array.from({ length: 10 }, (_, index) => Number(index === 5)) };
  for (let turn = 0; turn < 100; turn++) {
    await client.answer(ioMessage({ ...input, isLast: false, process: TRAIN }));
    await client.answer(ioMessage({ ...expected, isLast: true, process: TRAIN, buffer: EXPECTED }));
  }
  const answer = argMax(valuesOf(await client.answer(ioMessage({ ...input, isLast: true, process: REQUEST }))));
  client.socket.close();
  await call("PUT", "/cluster/set_mode", { uuid: cluster, new_state: "TASK" });
  await call("DELETE", `/cluster?uuid=${cluster}`);
  for (const uuid of [trainSet, checkSet]) {
    await call("DELETE", `/dataset?uuid=${uuid}`);
    await refused(404, "DELETE", `/dataset?uuid=${uuid}`);
  }
  return { accuracy, answer };
}

const generated = () => ({ train: encodePair(drawDigits(2000, 1)), check: encodePair(drawDigits(400, 2)) });

test("the sequence of upstream's SDK test, on drawn digits", async () => {
  const { train, check } = generated();
  const { accuracy, answer } = await upstreamOrder(train, check);
  expect(accuracy).toBeGreaterThan(60);
  expect(answer).toBe(5);
});

test.skipIf(mnistFolder === undefined)(
  "the sequence of upstream's SDK test, on MNIST",
  async () => {
    const folder = mnistFolder as string;
    const { accuracy, answer } = await upstreamOrder(await readMnist(folder, "train"), await readMnist(folder, "t10k"));
    expect(accuracy).toBeGreaterThan(80);
    expect(answer).toBe(5);
  },
  180_000,
);

test.skipIf(!hasPython)("a Python client that shares no code with us runs the same sequence", async () => {
  const { train, check } = generated();
  const folder = await mkdtemp(join(tmpdir(), "hanami-upstream-"));
  try {
    for (const [part, { images, labels }] of [["train", train] as const, ["test", check] as const]) {
      await writeFile(join(folder, `${part}-images`), images);
      await writeFile(join(folder, `${part}-labels`), labels);
    }
    // The test runs in the compiled tree.
    const script = join(import.meta.dirname, "../../../test/conformance/upstream_client.py");
    const child = spawn("python3", [script, url, adminId, testPassphrase, folder]);
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, stderr]).toEqual([0, ""]);
    const result = JSON.parse(stdout) as { accuracy: number; answer: number; cycles: number };
    expect(result).toEqual({ accuracy: expect.any(Number), answer: 5, cycles: 2000 });
    expect(result.accuracy).toBeGreaterThan(60);
  } finally {
    await rm(folder, { recursive: true });
  }
});
