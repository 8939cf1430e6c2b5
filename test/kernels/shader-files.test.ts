import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { paths } from "../../src/files/paths.ts";
import { loadShader } from "../../src/kernels/webgpu/shader-source.ts";
import { KERNEL_NAMES } from "../../src/kernels/webgpu/step-recorder.ts";

const sorted = (names: Iterable<string>) => [...names].sort();

test("each file of shaders is a kernel of a step, and has a row in docs/gpu.md", () => {
  const files = readdirSync(paths.shaders).filter((name) => name.endsWith(".wgsl"));
  expect(sorted(files)).toEqual(sorted(KERNEL_NAMES.map((name) => `${name}.wgsl`)));
  for (const name of KERNEL_NAMES) expect(loadShader(name).bindings, name).not.toEqual([]);
  const page = readFileSync(join(paths.root, "docs/gpu.md"), "utf8");
  const table = /^\| kernel \| a workgroup is \|.*\n.*\n((?:\|.*\n)+)/m.exec(page)?.[1] ?? "";
  const documented = [...table.matchAll(/^\| ([^|]+?) \|/gm)].flatMap(([, names = ""]) => names.split(", "));
  expect(sorted(documented)).toEqual(sorted(KERNEL_NAMES));
});
