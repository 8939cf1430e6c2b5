import type { HanamiClient } from "hanami-sdk";
import { classesOf, idx, loadDigits } from "./digits.ts";
import { TEMPLATE } from "./template.ts";

const STEP = 128;

/** Uploads digits; returns the dataset's uuid. */
export async function uploadDigits(client: HanamiClient, rows: number): Promise<string> {
  const digits = loadDigits(rows);
  const images = idx([rows, 1, digits.width], digits.pixels);
  const { uuid } = await client.datasets.uploadMnist({
    name: "digits",
    images,
    labels: idx([rows], classesOf(digits)),
  });
  return uuid;
}

/** Begins a training that outlasts the benchmark. Returns its cluster. */
export async function startTraining(client: HanamiClient, dataset_uuid: string, name: string) {
  const cluster = await client.clusters.create({ name, template: TEMPLATE, seed: 1 });
  const bind = (dataset_column: string, hexagon_name: string) => [{ dataset_uuid, dataset_column, hexagon_name }];
  await client.tasks.train({
    name,
    cluster_uuid: cluster.uuid,
    inputs: bind("picture", "in"),
    outputs: bind("label", "out"),
    epochs: 1_000_000,
    batch_size: STEP,
  });
  return cluster;
}
