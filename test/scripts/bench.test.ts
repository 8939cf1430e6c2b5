import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { paths } from "../../src/files/paths.ts";

const run = promisify(execFile);

test("a small round through the API measures tasks beside the kernels", { timeout: 120_000 }, async () => {
  const script = join(paths.root, "dist/bench/through-api/main.js");
  const { stdout } = await run(process.execPath, [script, "--json", "--rows", "512", "--rounds", "1"], {
    cwd: paths.root,
  });
  const { rows, results, commit, machine } = JSON.parse(stdout);
  expect({ rows, names: results.map((each: { name: string }) => each.name) }).toEqual({
    rows: 512,
    names: ["train, one epoch in steps of 128", "request"],
  });
  for (const { wall, cpu, wallShare } of results)
    for (const { median } of [wall.direct, wall.api, cpu.direct, cpu.api, wallShare]) expect(median).toBeGreaterThan(0);
  expect([typeof commit, machine.cores]).toEqual(["string", expect.any(Number)]);
});

test("for an unknown benchmark, the error lists the existing ones", async () => {
  const failed = run(process.execPath, [join(paths.root, "scripts/bench.mjs"), "nonsense"]);
  await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining("tfjs, through-api") });
});

test("without a GPU the benchmark of GPUs says so", async () => {
  // No driver that the Vulkan loader could find.
  const env = { ...process.env, VK_DRIVER_FILES: "/nowhere", VK_ICD_FILENAMES: "/nowhere" };
  const failed = run(process.execPath, [join(paths.root, "dist/bench/gpu/main.js")], { cwd: paths.root, env });
  await expect(failed).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Nothing to measure: .*\n$(?![^])/m),
  });
});

test("a small history is measured beside a new server", { timeout: 240_000 }, async () => {
  const script = join(paths.root, "dist/bench/history/main.js");
  const size = ["--tasks", "300", "--clusters", "20", "--rounds", "1"];
  const { stdout } = await run(process.execPath, [script, "--json", ...size], { cwd: paths.root });
  const { tasks, clusters, startMs, results } = JSON.parse(stdout);
  expect([tasks, clusters]).toEqual([300, 20]);
  expect(results.length).toBe(5);
  for (const value of [startMs.empty, startMs.filled]) expect(value).toBeGreaterThan(0);
  for (const { wallMs, wallRatio } of results) {
    for (const { median } of [wallMs.empty, wallMs.filled, wallRatio]) expect(median).toBeGreaterThan(0);
  }
});
