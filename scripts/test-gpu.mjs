// Runs the tests of the GPU kernels on this machine's own GPU; fails without one.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { runTests } from "./test.mjs";

await ensureInstalled({ dev: true });
await build({ all: true });
const { findGpus } = await import("../dist/src/hosts/gpu/find-gpus.js");
const gpus = await findGpus({ software: false, log: console });
for (const { choice, vendor, driver, address } of gpus) {
  console.log(`GPU '${choice.adapter}' of ${vendor}, ${driver}, ${address ?? "PCI address unknown"}`);
}
if (gpus.length === 0) {
  console.error("This machine has no GPU that WebGPU can use. `npm test` runs the same tests on a software device.");
  process.exit(1);
}
process.env.HANAMI_TEST_GPU = "hardware";
process.exitCode = await runTests([
  "test/kernels/webgpu-kernels",
  "test/kernels/webgpu-network",
  "test/kernels/webgpu-frame-kernels",
  ...process.argv.slice(2),
]);
