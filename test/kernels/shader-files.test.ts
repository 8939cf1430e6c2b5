import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { paths } from "../../src/files/paths.ts";
import { loadShader } from "../../src/kernels/webgpu/shader-source.ts";
import {
  countSynapses,
  KERNEL_NAMES,
  SOFTWARE_GROUPS,
  stepDispatches,
} from "../../src/kernels/webgpu/step-recorder.ts";

const sorted = (names: Iterable<string>) => [...names].sort();

test("each kernel runs in a step of a network that has everything, or counts", () => {
  const shape = {
    hexagons: (["input", "hidden", "output"] as const).map((role) => ({ role, hasTargets: role !== "output" })),
    hasMemory: true,
    hasBackEdges: true,
    blocks: 1,
    sections: 1,
    tiles: 1,
    outputs: 1,
  };
  const scoped = { key: "", buffers: {} };
  const feed = { inputs: [scoped], expected: scoped };
  const step = { samples: 1, isTraining: true, hexagonScopes: [scoped, scoped, scoped], feed, limits: SOFTWARE_GROUPS };
  const dispatches = [...stepDispatches(shape, step), countSynapses(1, SOFTWARE_GROUPS)];
  expect(sorted(new Set(dispatches.map(({ kernel }) => kernel)))).toEqual(sorted(KERNEL_NAMES));
});

test("each file of shaders is a kernel, with a row in docs/gpu.md", () => {
  const files = readdirSync(paths.shaders).filter((name) => name.endsWith(".wgsl"));
  expect(sorted(files)).toEqual(sorted(KERNEL_NAMES.map((name) => `${name}.wgsl`)));
  for (const name of KERNEL_NAMES) expect(loadShader(name).bindings, name).not.toEqual([]);
  const page = readFileSync(join(paths.root, "docs/gpu.md"), "utf8");
  const table = /^\| kernel \| a workgroup is \|.*\n.*\n((?:\|.*\n)+)/m.exec(page)?.[1] ?? "";
  const documented = [...table.matchAll(/^\| ([^|]+?) \|/gm)].flatMap(([, names = ""]) => names.split(", "));
  expect(sorted(documented)).toEqual(sorted(KERNEL_NAMES));
});
