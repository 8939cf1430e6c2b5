/** Tables, classes and numbers: from the cells of a dataset to answers that people can read. */
import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createCluster } from "../../src/clusters/create-cluster.ts";
import { switchHost } from "../../src/clusters/switch-host.ts";
import { createRestoreTask } from "../../src/tasks/create-restore-task.ts";
import { createSaveTask } from "../../src/tasks/create-save-task.ts";
import { openDatasetFile, type DatasetReader } from "../../src/datasets/file/reader.ts";
import { encodersText } from "../../src/encoders/network-encoders.ts";
import { datasetPath } from "../../src/files/storage.ts";
import { createRequestTask } from "../../src/tasks/create-request-task.ts";
import { createTrainTask } from "../../src/tasks/create-train-task.ts";
import { stateOf } from "../support/compute.ts";
import { openRig, over, type Rig } from "../support/compute-rig.ts";
import { makeTable, type TestColumns } from "../support/tables.ts";
import { base64, createTestApp, type TestApp } from "../support/test-app.ts";

vi.setConfig({ testTimeout: 60_000 });

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

const ROWS = 240;
const rows = Array.from({ length: ROWS }, (_, row) => row);
const species = (row: number) => ["Adelie", "Chinstrap", "Gentoo"][row % 3]!;
/** Negative and large numbers, categories, missing cells: the species follows from any two of the columns. */
const birds: TestColumns = {
  id: rows,
  beak: rows.map((row) => (row % 10 === 0 ? null : -1000 + 300 * (row % 3) + ((row * 7) % 100))),
  island: rows.map((row) => (row % 7 === 0 ? null : (["Dream", "Biscoe", "Biscoe"][row % 3] ?? null))),
  mass: rows.map((row) => 1e6 * (1 + (row % 3)) + ((row * 13) % 1e5)),
  species: rows.map(species),
};

const template = `version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1  1,3,1 2,3,1
  inputs: row: 1,1,1 1,3,1 (table) outputs: answer: 3,1,1 2,3,1`;

let names = 0;
const newCluster = async (rig: Rig, kind: "class" | "number") => {
  const input = { name: `cluster ${++names}`, template: base64(`${template} (${kind})`), seed: 5 };
  return (await createCluster(rig.context, input)).uuid;
};

const train = (rig: Rig, cluster_uuid: string, dataset_uuid: string, column: string, epochs = 10) =>
  createTrainTask(rig.context, {
    name: "train it",
    cluster_uuid,
    inputs: [{ hexagon_name: "row", dataset_uuid, dataset_columns: "*", except: ["id"] }],
    outputs: [{ hexagon_name: "answer", dataset_uuid, dataset_column: column }],
    time_length: 1,
    epochs,
  });

const ask = async (rig: Rig, cluster_uuid: string, dataset_uuid: string, keep_columns: string[] = []) => {
  const task = await createRequestTask(rig.context, {
    name: "ask it",
    cluster_uuid,
    inputs: [{ hexagon_name: "row", dataset_uuid, dataset_columns: "*" }],
    results: [{ hexagon_name: "answer", dataset_column: "predicted" }],
    time_length: 1,
    keep_columns,
  });
  const ended = await over(rig, task);
  expect(ended).toMatchObject({ state: "finished", error_message: null });
  const reader = await openDatasetFile(datasetPath(app.app.storage, task.uuid));
  return { reader, warnings: ended.warnings };
};

const cellsOf = async (reader: DatasetReader, name: string) => {
  const cells = new Float32Array(reader.rowCount);
  await reader.fillCells(cells, name, 0, reader.rowCount);
  const { categories = [] } = reader.columns[reader.groups.findIndex((group) => group.name === name)] ?? {};
  return categories.length === 0 ? [...cells] : [...cells].map((code) => categories[code]);
};

test("classes: labels as text and probabilities; other order, missing, extra and unknown cells later", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig, "class");
  const dataset = await makeTable(app.app, birds);
  expect(await over(rig, await train(rig, cluster, dataset, "species"))).toMatchObject({ state: "finished" });

  const { id, beak, island, mass } = birds as Required<TestColumns>;
  const strange = island!.map((cell, row) => (row === 0 ? "Mars" : cell));
  const later = await makeTable(app.app, { mass: mass!, extra: rows, island: strange, beak: beak!, id: id! });
  const { reader, warnings } = await ask(rig, cluster, later, ["id"]);
  expect(reader.groups.map(({ name }) => name)).toEqual([
    "id",
    "predicted",
    "probability_Adelie",
    "probability_Chinstrap",
    "probability_Gentoo",
  ]);
  expect(await cellsOf(reader, "id")).toEqual(rows);
  const labels = await cellsOf(reader, "predicted");
  expect(labels.filter((label, row) => label === species(row)).length).toBeGreaterThan(0.97 * ROWS);
  const shares = await Promise.all(reader.groups.slice(2).map(({ name }) => cellsOf(reader, name)));
  for (const row of rows) expect(shares.reduce((sum, share) => sum + Number(share[row]), 0)).toBeCloseTo(1, 5);
  expect(warnings.join("\n")).toMatch(/'extra'.*not learnt.*\n.*'island': 1 cell/s);
  await reader.close();
});

test(
  "numbers in their own unit, on a GPU host after a move, and in a cluster restored from a checkpoint",
  { timeout: 180_000 },
  async () => {
    const rig = await openRig(app, { types: ["cpu", "gpu"] });
    const cluster = await newCluster(rig, "number");
    const dataset = await makeTable(app.app, birds);
    expect(await over(rig, await train(rig, cluster, dataset, "mass"))).toMatchObject({ state: "finished" });
    const before = await ask(rig, cluster, dataset);
    const mass = await cellsOf(before.reader, "predicted");
    await before.reader.close();
    for (const row of rows) expect(Math.abs(Number(mass[row]) - Number(birds["mass"]![row]))).toBeLessThan(5e5);

    await switchHost(rig.context, { cluster_uuid: cluster, host_uuid: rig.hosts[1].uuid });
    const saved = await createSaveTask(rig.context, { cluster_uuid: cluster, name: "mass" });
    expect(await over(rig, saved)).toMatchObject({ state: "finished" });
    const moved = await ask(rig, cluster, dataset);
    for (const [row, value] of (await cellsOf(moved.reader, "predicted")).entries())
      expect(Number(value) / Number(mass[row])).toBeCloseTo(1, 4);
    await moved.reader.close();

    const other = await newCluster(rig, "class");
    expect(
      await over(rig, await createRestoreTask(rig.context, { cluster_uuid: other, checkpoint_uuid: saved.uuid })),
    ).toMatchObject({ state: "finished" });
    const restored = await ask(rig, other, dataset);
    expect(await cellsOf(restored.reader, "predicted")).toEqual(mass);
    await restored.reader.close();
  },
);

test("a later training adds its new classes; a table needs a training first", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig, "class");
  const dataset = await makeTable(app.app, birds);
  const untrained = await createRequestTask(rig.context, {
    name: "too early",
    cluster_uuid: cluster,
    inputs: [{ hexagon_name: "row", dataset_uuid: dataset, dataset_columns: ["beak"] }],
    results: [{ hexagon_name: "answer", dataset_column: "predicted" }],
    time_length: 1,
  });
  expect((await over(rig, untrained)).error_message).toBe("The input 'row' has not learnt a table yet");

  const few = Object.fromEntries(
    Object.entries(birds).map(([name, cells]) => [name, cells.filter((_, row) => row % 3 < 2)]),
  );
  await over(rig, await train(rig, cluster, await makeTable(app.app, few), "species"));
  const narrow = await ask(rig, cluster, dataset);
  expect(narrow.reader.groups).toHaveLength(3);
  await narrow.reader.close();
  expect(await over(rig, await train(rig, cluster, dataset, "species"))).toMatchObject({ state: "finished" });
  const { reader } = await ask(rig, cluster, dataset);
  expect(reader.groups).toHaveLength(4);
  const labels = await cellsOf(reader, "predicted");
  expect(labels.filter((label, row) => label === species(row)).length).toBeGreaterThan(0.97 * ROWS);
  await reader.close();
});

test("a training may follow one with other columns that ended before its first step", async () => {
  const rig = await openRig(app);
  const cluster = await newCluster(rig, "class");
  const dataset = await makeTable(app.app, birds);
  const column = { kind: "empty" as const, name: "other", missing: true };
  await rig.context.app.scheduler.exclusive(cluster, (network) =>
    network.setEncoders(encodersText({ inputs: { row: { columns: [column] } }, outputs: {} })),
  );
  expect(await over(rig, await train(rig, cluster, dataset, "species"))).toMatchObject({ state: "finished" });
  const { reader } = await ask(rig, cluster, dataset);
  await reader.close();
});

describe("a training that is measured", () => {
  /** Nothing can be learnt from the columns, so that the network gets worse where it has not seen the rows. */
  const noise: TestColumns = {
    x: rows.map((row) => (row * 7919) % 251),
    y: rows.map((row) => ((row * 104_729) % 7 > 3 ? "up" : "down")),
  };
  const measured = (rig: Rig, cluster_uuid: string, dataset_uuid: string, more: object) =>
    createTrainTask(rig.context, {
      name: "measure it",
      cluster_uuid,
      inputs: [{ hexagon_name: "row", dataset_uuid, dataset_columns: "*", except: ["id"] }],
      outputs: [{ hexagon_name: "answer", dataset_uuid, dataset_column: "y" }],
      time_length: 1,
      epochs: 30,
      seed: 3,
      ...more,
    });

  test("holds out rows, says what it has measured, and chooses epochs", async () => {
    const rig = await openRig(app);
    const dataset = await makeTable(app.app, { ...birds, y: birds["species"]! });
    const cluster = await newCluster(rig, "class");
    const task = await measured(rig, cluster, dataset, { epochs: "auto", validation: { share: 0.25 } });
    const { outcome } = await over(rig, task);
    expect(outcome).toMatchObject({ rows: 60, reason: expect.stringMatching(/./), metrics: { answer: { rows: 60 } } });
    expect(outcome!.metrics!["answer"]!["accuracy"]).toBeGreaterThan(0.95);
    expect(outcome!.baseline!["answer"]!["accuracy"]).toBeLessThan(0.5);
    const others = await measured(rig, cluster, dataset, {
      epochs: 1,
      validation: {
        inputs: [{ hexagon_name: "row", dataset_uuid: dataset, dataset_columns: ["beak", "mass"] }],
        outputs: [{ hexagon_name: "answer", dataset_uuid: dataset, dataset_column: "species" }],
      },
    });
    expect((await over(rig, others)).outcome).toMatchObject({ rows: ROWS, epochs: 1 });
  });

  test("ends when its patience does, and keeps the best network; a killed server changes nothing", async () => {
    const dataset = await makeTable(app.app, noise);
    const plan = { validation: { share: 0.5 }, patience: 5, keep: "best" };
    const states: Buffer[] = [];
    const outcomes: unknown[] = [];
    for (const isKilled of [false, true]) {
      let rig = await openRig(app);
      const cluster = await newCluster(rig, "class");
      if (isKilled) rig.hosts[0].slicesLeft = 8;
      const task = await measured(rig, cluster, dataset, plan);
      if (isKilled) {
        await expect.poll(() => rig.hosts[0].isHeld, { timeout: 30_000 }).toBe(true);
        await rig.crash();
        rig = await openRig(app);
      }
      const ended = await over(rig, task);
      expect(ended).toMatchObject({ state: "finished", error_message: null });
      expect(ended.current_cycle).toBeLessThan(30 * 120);
      outcomes.push(ended.outcome);
      states.push(await stateOf(rig.context.app, cluster));
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
    expect(states[1]!.equals(states[0]!)).toBe(true);
    const kept = async () => (await readdir(app.app.storage.clusters)).filter((name) => name.includes("restore"));
    await expect.poll(kept).toEqual([]);
  });

  test.each([
    [{ patience: 1 }, "'patience' needs a 'validation'"],
    [{ keep: "best" }, "'keep' as 'best' needs a 'validation'"],
    [{ validation: {} }, "'validation' needs a 'share', or 'inputs' and 'outputs'"],
    [{ validation: { share: 1 } }, "'share' of 'validation' is not a number between 0 and 1"],
    [{ validation: { share: 0.1, rows: 3 } }, "'validation' has an unknown key 'rows'"],
    [{ validation: { share: 0.1 }, time_length: 200 }, "The rows that are held out are shorter than a window"],
  ])("%j is refused", async (more, text) => {
    const rig = await openRig(app);
    const cluster = await newCluster(rig, "class");
    const dataset = await makeTable(app.app, noise);
    await expect(measured(rig, cluster, dataset, more)).rejects.toThrow(text);
  });
});
