/**
 * A complete checkpoint with a correct checksum, but with sections that end in a hexagon that their source does not
 * feed. Kernels that do not check this would write to memory that another cluster left in their scratch.
 */
import { readFile, writeFile } from "node:fs/promises";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { checkpointPath, tempfilePath } from "../../src/files/storage.ts";
import { tempfiles } from "../../src/db/schema/index.ts";
import { NONE } from "../../src/network/constants.ts";
import { exportState, restoreState } from "../../src/network/state-file.ts";
import {
  contentOf,
  makeDataset,
  makeTrainedCluster,
  startRequest,
  stateOf,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;
let neighbours: string[];

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 100 });
  neighbours = [];
  for (const name of ["left", "right"]) neighbours.push(await trained(name));
});
afterAll(() => app.close());

const trained = (name: string) => makeTrainedCluster(app, dataset, { name, seed: name.length });

/** The neighbours' states and answers. */
async function neighbourhood(): Promise<unknown[]> {
  return Promise.all(
    neighbours.map(async (cluster) => {
      const state = (await stateOf(app.app, cluster)).toString("base64");
      const { uuid } = await startRequest(app, cluster, dataset);
      await untilFinished(app, cluster, uuid);
      return [state, await contentOf(app, uuid, "label", 100)];
    }),
  );
}

/** The input's first neuron feeds only the hidden hexagon; this makes its sections end in the output hexagon. */
function crafted(file: Uint8Array): Uint8Array {
  const cluster = restoreState(file);
  const { sectionHead, source, next } = cluster.state.arrays;
  const isHidden = (id: number) => cluster.hexagons[1]!.blocks.includes(id >> 7);
  const from = sectionHead.findIndex((head, id) => head !== NONE && isHidden(id));
  // A value beyond the input's width, which has no sections yet; the attacker's samples widen the input.
  const to = cluster.hexagons[0]!.blocks[0]! * 128 + 127;
  for (let s = sectionHead[from]!; s !== NONE; s = next[s]!) source[s] = to;
  sectionHead[to] = sectionHead[from]!;
  sectionHead[from] = NONE;
  return exportState(cluster);
}

async function saved(cluster: string): Promise<{ uuid: string; bytes: Uint8Array }> {
  const body = { name: "test_checkpoint", cluster_uuid: cluster };
  const { uuid } = (await app.request("POST", "/cluster/save", { body })).json<{ uuid: string }>();
  await untilFinished(app, cluster, uuid);
  return { uuid, bytes: await readFile(checkpointPath(app.app.storage, uuid)) };
}

test("it is refused as an upload, and other clusters are not affected", async () => {
  const before = await neighbourhood();
  const { bytes } = await saved(await trained("attacker"));
  const hostile = crafted(bytes);
  const announced = { name: "test_checkpoint", input_data_size: hostile.length };
  const body = (await app.request("POST", "/checkpoint/upload", { body: announced })).json<{
    uuid: string;
    uuid_input_file: string;
  }>();
  await writeFile(tempfilePath(app.app.storage, body.uuid_input_file), hostile);
  const received: [number, number][] = [[0, hostile.length]];
  await app.app.db.update(tempfiles).set({ received }).where(eq(tempfiles.uuid, body.uuid_input_file));
  const { uuid, uuid_input_file } = body;
  expect(await app.request("PUT", "/checkpoint/upload", { body: { uuid, uuid_input_file } })).toMatchObject({
    status: 400,
    text: "Checkpoint can not be imported: a section ends in a hexagon that its source does not lead to",
  });
  expect(await neighbourhood()).toEqual(before);
});

test("one that is already stored on the server fails its task, and other clusters are not affected", async () => {
  const before = await neighbourhood();
  const cluster = await trained("earlier attacker");
  const own = await stateOf(app.app, cluster);
  const { uuid, bytes } = await saved(cluster);
  await writeFile(checkpointPath(app.app.storage, uuid), crafted(bytes));
  const body = { cluster_uuid: cluster, checkpoint_uuid: uuid };
  const task = (await app.request("POST", "/cluster/load", { body })).json<{ uuid: string }>();
  const failed = await untilTask(app, cluster, task.uuid, ({ state }) => state === "failed");
  expect(failed.error_message).toBe(
    "The checkpoint can not be restored: a section ends in a hexagon that its source does not lead to",
  );
  expect((await stateOf(app.app, cluster)).equals(own)).toBe(true);
  expect(await neighbourhood()).toEqual(before);
});
