/**
 * Runs mutants of trained states beside two neighbours on each engine. A mutant that the check accepts must not affect
 * a neighbour; neither must a refused one, because networks share no memory.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { EngineName } from "./states/engines.ts";
import type { StateFuzz } from "./states/process.ts";
import { mutants, seed } from "./setting.ts";

/** Every action of a mutant takes milliseconds; compiling the kernels, or a busy machine, takes longer. */
const patienceMs = 120_000;
const timeout = patienceMs + mutants * 1_000;

/** Resolves to the number of accepted mutants; rejects with the current step when the process fails or hangs. */
async function run(job: StateFuzz): Promise<number> {
  const script = fileURLToPath(new URL("./states/process.js", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: ["ignore", "pipe", "pipe"] });
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors += text.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  let hung = false;
  const watch = setTimeout(() => {
    hung = true;
    child.kill("SIGKILL");
  }, patienceMs);
  let last = "";
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      last = line;
      watch.refresh();
    }
    const code = await ended;
    if (code !== 0) throw new Error(`seed ${job.seed}: ${hung ? "hung" : "failed"} at ${last}\n${errors}`);
    return (JSON.parse(last) as { accepted: number }).accepted;
  } finally {
    clearTimeout(watch);
    child.kill("SIGKILL");
  }
}

async function fuzz(name: string, job: StateFuzz): Promise<number> {
  const start = performance.now();
  const accepted = await run(job);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  console.log(`${name}: ${accepted} of ${job.count} mutants accepted, ${seconds} s`);
  return accepted;
}

describe.concurrent("accepted mutants do not affect their neighbours", () => {
  test.each<[string, EngineName[]]>([
    ["the reference and wasm", ["reference", "wasm, 1 thread", "wasm, 2 threads"]],
    ["WebGPU", ["webgpu"]],
  ])("%s", { timeout }, async (name, engines) => {
    const accepted = await fuzz(name, { seed, first: 0, count: mutants, engines, takesAll: false });
    expect(accepted).toBeGreaterThan(mutants / 20);
    expect(accepted).toBeLessThan(mutants);
  });
});

describe.concurrent("mutants that reach the kernels without a check do not affect their neighbours", () => {
  test.each<[string, EngineName[], number]>([
    ["wasm", ["wasm, 1 thread", "wasm, 2 threads"], mutants],
    ["WebGPU", ["webgpu"], Math.ceil(mutants / 10)],
  ])("%s", { timeout }, async (name, engines, count) => {
    await fuzz(`${name} without a check`, { seed: seed + 1, first: 0, count, engines, takesAll: true });
  });
});
