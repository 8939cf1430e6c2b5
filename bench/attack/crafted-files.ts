/** Files and templates made to hold up their reader. */
import { checksum } from "../../src/network/state-file.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/network/safetensors.ts";
import { ReferenceEngine } from "../../src/kernels/reference/reference-engine.ts";
import { createNetwork } from "../harness/network.ts";
import { templateOf } from "../harness/template.ts";

const INPUT_VALUES = 640_000;
const OUTPUT_VALUES = 100_000;

/** About 40 MB of a state with many blocks and outputs, invalid only in what is checked last. */
export function wrongCheckpoint(): Uint8Array {
  const network = createNetwork(new ReferenceEngine());
  // Zeros set every width, but nothing grows.
  network.train({
    cycles: 1,
    timeLength: 1,
    inputs: [{ index: 0, values: new Float32Array(INPUT_VALUES), width: INPUT_VALUES }],
    expected: [{ index: 0, values: new Float32Array(OUTPUT_VALUES), width: OUTPUT_VALUES }],
    batchSize: 1,
    schedule: 1,
  });
  const { metadata, tensors } = decodeSafetensors(network.export());
  const last = tensors.get("outputOwner")!.bytes;
  last[last.length - 1] = 255;
  const { checksum: _, ...rest } = metadata;
  return encodeSafetensors({ metadata: { ...rest, checksum: checksum({ metadata: rest, tensors }) }, tensors });
}

/** Cells that look like numbers up to their last character. */
export function digitsCsv(): Uint8Array {
  const cell = `${"1234567890".repeat(20_000)}x`;
  return new TextEncoder().encode(`a\n${`${cell}\n`.repeat(10)}`);
}

/** Ten megabytes after a quote that is never closed. */
export function quotesCsv(): Uint8Array {
  return new TextEncoder().encode(`a,b\n"${"1,2\n".repeat(2_500_000)}`);
}

/** 0.7 MB of hexagons. */
export function hugeTemplate(): string {
  const hexagons = Array.from({ length: 60_000 }, (_, at) => `${(at % 1000) + 1},${Math.floor(at / 1000) + 1},1`);
  return templateOf({ hexagons: hexagons.join(" "), outputs: "out: 900,1,1" });
}
