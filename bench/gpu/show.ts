import { showRate } from "../harness/rates.ts";
import { table } from "../harness/table.ts";
import type { ClustersRow, MoveRow } from "./hosts.ts";
import type { KernelRow, RequestRow, TrainingRow } from "./training.ts";

/** All measurements of one GPU. */
export interface GpuFigures {
  adapter: { name: string; vendor: string; driver: string; isSoftware: boolean; maxBufferBytes: number };
  data: string;
  training: TrainingRow[];
  request: RequestRow[];
  /** Null where the adapter has no timestamps. */
  kernels: KernelRow[] | null;
  clusters: ClustersRow[];
  moves: MoveRow[];
}

const short = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));

/** `bandwidth`: GB per second of the device's memory, 0 if unknown. */
export function showFigures(figures: GpuFigures, bandwidth: number): string {
  const { name, vendor, driver, isSoftware } = figures.adapter;
  const warning = isSoftware ? ", SOFTWARE: its speed says nothing about GPUs" : "";
  return [
    `${name} (${vendor}), ${driver}${warning}; ${figures.data}\n`,
    showTraining(figures.training, bandwidth),
    table(
      ["request", "sections", "samples/s"],
      figures.request.map((row) => [row.name, `${row.sections}`, showRate(row.samplesPerSecond, short)]),
    ),
    showKernels(figures.kernels),
    table(
      ["clusters on one host", "samples/s in all"],
      figures.clusters.map((row) => [`${row.clusters}`, short(row.samplesPerSecond)]),
    ),
    showMoves(figures.moves),
  ].join("\n");
}

const TRAINING_HEAD = [
  "training",
  "sections",
  "samples/s",
  "us/step",
  "recording",
  "dispatches",
  "readbacks",
  "MB/step",
  "GB/s",
  "of the roof",
];

function showTraining(rows: TrainingRow[], bandwidth: number): string {
  return table(
    TRAINING_HEAD,
    rows.map((row) => [
      row.name,
      `${row.sections}`,
      showRate(row.samplesPerSecond, short),
      short(row.microsecondsPerStep),
      short(row.recordMicroseconds),
      short(row.dispatchesPerStep),
      row.readbacksPerStep.toPrecision(2),
      (row.bytesPerStep / 1e6).toPrecision(3),
      short(row.gigabytesPerSecond),
      bandwidth === 0 ? "" : `${((100 * row.gigabytesPerSecond) / bandwidth).toPrecision(2)} %`,
    ]),
  );
}

function showKernels(rows: KernelRow[] | null): string {
  if (rows === null) return "The adapter has no timestamp queries: no times of kernels.\n";
  const total = rows.reduce((sum, { perStep }) => sum + perStep, 0);
  return table(
    ["kernel, steps of 128", "dispatches", "us/step", "%"],
    rows.map((row) => [
      row.kernel,
      `${row.dispatches / 8}`,
      short(row.perStep),
      ((100 * row.perStep) / total).toFixed(1),
    ]),
  );
}

function showMoves(rows: MoveRow[]): string {
  const seconds = (value: number | undefined) => value?.toPrecision(3) ?? "";
  return table(
    ["moves, MB", "export CPU, s", "attach GPU", "export GPU", "attach CPU", ""],
    rows.map((row) => [
      `${row.megabytes}`,
      seconds(row.exportCpu),
      seconds(row.attachGpu),
      seconds(row.exportGpu),
      seconds(row.attachCpu),
      row.error ?? "",
    ]),
  );
}
