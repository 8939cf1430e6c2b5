import { exportState, restoreState } from "../../src/network/state-file.ts";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { BadRequestError, HanamiClient, NotFoundError } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkpointPath } from "../../src/files/storage.ts";
import { makeDataset, requestBody, smallTemplate, startTrain, untilTask } from "../support/compute.ts";
import { hasPython, runPython } from "../support/python.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";
import { openUpload } from "../api/dataset-support.ts";

let app: TestApp;
let url: string;
let hanami: HanamiClient;
let dataset: string;
let cluster: string;
let checkpoint: string;
let file: Uint8Array;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
  hanami = new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase });
  dataset = await makeDataset(app.app, { rows: 400 });
  cluster = (await hanami.clusters.create({ name: "learner", template: smallTemplate, seed: 5 })).uuid;
  await finished(cluster, (await startTrain(app, cluster, dataset)).uuid);
  const save = await hanami.clusters.save({ cluster_uuid: cluster, name: "what it knows" });
  await finished(cluster, save.uuid);
  checkpoint = save.uuid;
  const { body } = await hanami.checkpoints.download(checkpoint);
  file = new Uint8Array(await new Response(body).arrayBuffer());
});
afterAll(() => app.close());

const finished = (of: string, task: string) => untilTask(app, of, task, ({ state }) => state === "finished");

async function answers(of: string): Promise<number[][]> {
  const task = await hanami.tasks.request(requestBody(of, dataset) as Parameters<typeof hanami.tasks.request>[0]);
  await finished(of, task.uuid);
  return hanami.datasets.content({ uuid: task.uuid, column_name: "label", number_of_rows: 400 });
}

test("the file equals the checkpoint, and survives a round trip", async () => {
  expect(Buffer.from(file).equals(await readFile(checkpointPath(app.app.storage, checkpoint)))).toBe(true);
  const { body, bytes, fileName } = await hanami.checkpoints.download(checkpoint);
  expect([bytes, fileName]).toEqual([file.length, "what it knows.safetensors"]);
  await body.cancel();
  const progress: number[] = [];
  const uploaded = await hanami.checkpoints.upload(
    { name: "from a file", file },
    { onProgress: ({ sentBytes }) => progress.push(sentBytes) },
  );
  expect(progress.at(-1)).toBe(file.length);
  expect(uploaded).toMatchObject({ name: "from a file", owner_id: adminId, project_id: "admin" });
  expect(await hanami.checkpoints.list()).toContainEqual(uploaded);
  const again = await hanami.checkpoints.download(uploaded.uuid);
  expect(Buffer.from(await new Response(again.body).arrayBuffer()).equals(file)).toBe(true);
  expect(await readdir(app.app.storage.tempfiles)).toEqual([]);

  const copy = (await hanami.clusters.create({ name: "second", template: smallTemplate })).uuid;
  await finished(copy, (await hanami.clusters.restore({ cluster_uuid: copy, checkpoint_uuid: uploaded.uuid })).uuid);
  expect(await answers(copy)).toEqual(await answers(cluster));
});

test("a cluster created from a checkpoint has its state, without the checkpoint and after a restart", async () => {
  const uploaded = await hanami.checkpoints.upload({ name: "short lived", file });
  const straight = await hanami.clusters.create({ name: "straight", checkpoint_uuid: uploaded.uuid });
  await hanami.checkpoints.delete(uploaded.uuid);
  const before = await hanami.clusters.get(cluster);
  const { number_of_blocks, number_of_sections } = before;
  expect(await hanami.clusters.get(straight.uuid)).toMatchObject({ number_of_blocks, number_of_sections });
  const expected = await answers(cluster);
  expect(await answers(straight.uuid)).toEqual(expected);
  // It continues to learn from there.
  await finished(straight.uuid, (await startTrain(app, straight.uuid, dataset)).uuid);
  expect((await hanami.clusters.get(straight.uuid)) as object).toMatchObject({ number_of_cycles: 800 });
  const untouched = await hanami.clusters.create({ name: "untouched", checkpoint_uuid: checkpoint });
  await app.restart();
  ({ url } = await app.server.listen());
  hanami = new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase });
  expect(await answers(untouched.uuid)).toEqual(expected);
});

test("mismatched or missing arguments are refused, and leave nothing", async () => {
  const create = (body: object) => app.request("POST", "/cluster", { body: { name: "refused", ...body } });
  const both = "A cluster is made either of a checkpoint, which has its own template and seed, or of a template.";
  for (const more of [{ template: "" }, { seed: 1 }]) {
    const answer = await create({ checkpoint_uuid: checkpoint, ...more });
    expect([answer.status, answer.text]).toEqual([400, both]);
  }
  const before = await readdir(app.app.storage.clusters);
  expect((await create({ checkpoint_uuid: dataset })).status).toBe(404);
  expect((await create({ checkpoint_uuid: checkpoint, host_uuid: dataset })).status).toBe(404);
  expect((await create({ checkpoint_uuid: checkpoint, name: "learner" })).status).toBe(409);
  expect(await readdir(app.app.storage.clusters)).toEqual(before);
  const other = await app.addUser({ id: "checkpoint_other", projectId: "other_project" });
  const query = { uuid: checkpoint };
  expect((await app.request("GET", "/checkpoint/download", { token: other, query })).text).toBe(
    `Checkpoint with uuid '${checkpoint}' not found`,
  );
  await expect(hanami.checkpoints.download(dataset)).rejects.toThrow(NotFoundError);
});

test("hostile files are refused with the reason, and no checkpoint appears", async () => {
  const names = async () => (await hanami.checkpoints.list()).map(({ name }) => name);
  const before = await names();
  const changed = file.slice();
  changed[changed.length - 5] = (changed.at(-5) as number) ^ 1;
  // Complete and with the right checksum, but kernels would read far beyond their arrays.
  const cluster = restoreState(file.slice());
  cluster.state.arrays.blockHexagon[0] = 0xfffffffe;
  const cases: [Uint8Array, string][] = [
    [Buffer.from("nothing"), "the file is too short"],
    [new Uint8Array(8).fill(255), "the header is longer than the file"],
    [file.subarray(0, file.length - 256), ""],
    [changed, "the checksum does not match"],
    [exportState(cluster), "a block belongs to no hexagon"],
  ];
  for (const [bytes, reason] of cases) {
    const refused = hanami.checkpoints.upload({ name: "hostile", file: bytes });
    await expect(refused).rejects.toThrow(BadRequestError);
    await expect(refused).rejects.toThrow(`Checkpoint can not be imported: ${reason}`);
  }
  expect(await names()).toEqual(before);
});

test("an upload that is incomplete, another user's or unknown; a second attempt after a refusal", async () => {
  const body = { name: "patient", input_data_size: file.length };
  const announced = (await app.request("POST", "/checkpoint/upload", { body })).json<Record<string, string>>();
  const { uuid, uuid_input_file } = announced as { uuid: string; uuid_input_file: string };
  const finish = (input: object, token = app.token) => app.request("PUT", "/checkpoint/upload", { body: input, token });
  const early = await finish({ uuid, uuid_input_file });
  expect([early.status, early.text]).toEqual([
    409,
    `Upload of checkpoint with uuid '${uuid}' is not complete: 0 of ${file.length} bytes have arrived`,
  ]);
  const other = await app.addUser({ id: "upload_other", projectId: "other_project" });
  expect((await finish({ uuid, uuid_input_file }, other)).status).toBe(404);
  expect((await finish({ uuid, uuid_input_file: uuid })).text).toBe(`Input-data with uuid '${uuid}' not found.`);

  const socket = await openUpload(url, app.token, uuid_input_file);
  for (let at = 0; at < file.length; at += 1 << 20) await socket.put(at, file.subarray(at, at + (1 << 20)));
  await socket.put(file.length - 4, Uint8Array.of(1, 2, 3, 4));
  expect((await finish({ uuid, uuid_input_file })).status).toBe(400);
  await socket.put(file.length - 4, file.subarray(-4));
  // Of two concurrent calls only one succeeds; the other one is refused.
  const both = await Promise.all([finish({ uuid, uuid_input_file }), finish({ uuid, uuid_input_file })]);
  expect(both.map(({ status }) => status).toSorted((a, b) => a - b)[0]).toBe(200);
  expect(both.filter(({ status }) => status === 200)).toHaveLength(1);
  // The socket's further messages reach nobody.
  await socket.put(0, new Uint8Array(8));
  const { body: stream } = await hanami.checkpoints.download(uuid);
  expect(Buffer.from(await new Response(stream).arrayBuffer()).equals(file)).toBe(true);
  await socket.close();
});

test.skipIf(!hasPython)("the file follows the rules of the safetensors format", async () => {
  const path = join(app.dataDir, "state.safetensors");
  await writeFile(path, file);
  const script = `
import json, struct, sys
data = open(sys.argv[1], "rb").read()
length, = struct.unpack("<Q", data[:8])
assert length <= 100_000_000 and data[8:9] == b"{"
def once(pairs):
    assert len({key for key, _ in pairs}) == len(pairs)
    return dict(pairs)
header = json.loads(data[8:8 + length].decode("utf-8"), object_pairs_hook=once)
metadata = header.pop("__metadata__")
assert all(isinstance(value, str) for value in metadata.values())
end = 0
for name, about in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, stop = about["data_offsets"]
    size = {"F32": 4, "U32": 4}[about["dtype"]]
    for extent in about["shape"]:
        size *= extent
    assert begin == end and stop - begin == size, name
    end = stop
assert 8 + length + end == len(data)
print(json.dumps([metadata["seed"], metadata["cycle"], header["weight"]["dtype"], header["weight"]["shape"][1]]))`;
  expect(runPython(script, path)).toEqual(["5", "400", "F32", 128]);
});
