import { afterAll, beforeAll, expect, test } from "vitest";
import {
  decodeClusterIO,
  decodeFileUpload,
  encodeClusterIO,
  encodeFileUpload,
} from "../../src/api/websocket/protobuf.ts";
import { restoreState } from "../../src/network/state-file.ts";
import { StateError } from "../../src/network/state-error.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { TemplateError } from "../../src/network/template/template-error.ts";
import { makeCluster, smallTemplate, stateOf } from "../support/compute.ts";
import { createRandom } from "../support/random.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { cases, flatHeap, seed, timeout } from "./setting.ts";
import { mutate } from "./values.ts";

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

/** Runs `decode` on mutated bytes; errors must be of the `expected` class. Returns the number of errors. */
function countRefused(
  what: string,
  options: { seed: number; count: number; bytes: Uint8Array; expected: new (...args: never[]) => Error },
  decode: (bytes: Uint8Array<ArrayBuffer>) => unknown,
): number {
  const random = createRandom(options.seed);
  const watchHeap = flatHeap(options.count);
  let refused = 0;
  for (let done = 0; done < options.count; done++) {
    const bytes = mutate(random, options.bytes);
    try {
      decode(bytes);
    } catch (error) {
      if (!(error instanceof options.expected)) {
        throw new Error(`${what} ${done} of seed ${options.seed}: ${Buffer.from(bytes).toString("base64")}`, {
          cause: error,
        });
      }
      refused++;
    }
    watchHeap(done + 1);
  }
  return refused;
}

test("templates are read or refused", { timeout }, () => {
  const options = { seed: seed + 1, count: 5 * cases, bytes: Buffer.from(smallTemplate), expected: TemplateError };
  const refused = countRefused("template", options, (bytes) => parseTemplate(Buffer.from(bytes).toString()));
  expect(refused).toBeGreaterThan(0);
});

test("checkpoints are read or refused", { timeout }, async () => {
  const bytes = await stateOf(app.app, await makeCluster(app, { name: "checkpoint" }));
  const refused = countRefused(
    "checkpoint",
    { seed: seed + 2, count: cases, bytes, expected: StateError },
    restoreState,
  );
  expect(refused).toBeGreaterThan(0);
});

test("protobuf is read or refused", { timeout }, () => {
  const random = createRandom(seed + 3);
  const io = encodeClusterIO({ bufferName: "picture_hex", processType: 1, values: new Float32Array(20), isLast: true });
  const upload = encodeFileUpload({ position: 5, data: new Uint8Array(40) });
  const watchHeap = flatHeap(5 * cases);
  let refused = 0;
  for (let count = 0; count < 5 * cases; count++) {
    if (decodeClusterIO(mutate(random, io)) === undefined) refused++;
    if (decodeFileUpload(mutate(random, upload)) === undefined) refused++;
    watchHeap(count + 1);
  }
  expect(refused).toBeGreaterThan(0);
});
