import { sendFile } from "../api/dataset-support.ts";
import { idxImages, idxLabels } from "../datasets/support.ts";
import { oneHot, pixel } from "../support/compute.ts";
import type { RunningServer } from "../support/server-process.ts";

export interface BaseDataset {
  uuid: string;
  rows: number;
}

/** Uploads the datasets that all clients train with: 4 × 4 pixels, eight classes. */
export async function uploadBaseDatasets(server: RunningServer, sizes: readonly number[]): Promise<BaseDataset[]> {
  const datasets: BaseDataset[] = [];
  for (const rows of sizes) {
    const pixels = Uint8Array.from({ length: rows * 16 }, (_, index) => pixel(Math.floor(index / 16), index % 16));
    const labels = Array.from({ length: rows }, (_, row) => [0, 1, 2, 3, 4, 5, 6, 7].findIndex((c) => oneHot(row, c)));
    const input = idxImages({ count: rows, height: 4, breadth: 4, pixels });
    const label = idxLabels(labels);
    const announced = { name: "base dataset", input_data_size: input.length, label_data_size: label.length };
    const upload = await server.ask<{ uuid: string; uuid_input_file: string; uuid_label_file: string }>(
      "POST",
      "/dataset/upload/mnist",
      announced,
    );
    const { uuid, uuid_input_file, uuid_label_file } = upload;
    await sendFile(server.url, server.token, uuid_input_file, input);
    await sendFile(server.url, server.token, uuid_label_file, label);
    await server.ask("PUT", "/dataset/upload/mnist", { uuid, uuid_input_file, uuid_label_file });
    datasets.push({ uuid, rows });
  }
  return datasets;
}
