import { afterAll, describe, expect, test } from "vitest";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { pcg } from "../../src/network/random.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const engine = new WasmEngine();
afterAll(() => engine.close());

const ROWS = 5;

/** The state of a network that was trained on `values` in rows of `width`. */
function learn(kind: string, values: Uint8Array | Float32Array, width: number): Uint8Array {
  const network = Network.create(
    parseTemplate(`version: 1 settings: hexagons: 1,1,1 2,1,1 inputs: in: 1,1,1 ${kind} outputs: out: 2,1,1`),
    3,
    engine,
  );
  const expected = [{ index: 0, values: new Uint8Array(ROWS).fill(1), width: 1 }];
  const batch = { count: ROWS, inputs: [{ index: 0, values, width }], expected, rate: 1 };
  network.train({ ...batch, step: ROWS, update: "batch" });
  network.train({ ...batch, step: 1, update: "online" });
  const state = network.export();
  network.dispose();
  return state;
}

describe.each(["", "(binary)", "(match)"])("an input %s", (kind) => {
  // Around the 4, 8 and 16 values that are unpacked at once, and around a block.
  test.each([1, 3, 4, 5, 15, 16, 17, 31, 127, 128, 129, 145])("bytes act like floats, %i wide", (width) => {
    const bytes = Uint8Array.from({ length: ROWS * width }, (_, i) => (pcg(i * 7919 + width) % 3 === 0 ? 255 - i : 0));
    const fromBytes = learn(kind, bytes, width);
    expect(Buffer.compare(fromBytes, learn(kind, Float32Array.from(bytes), width))).toBe(0);
  });
});
