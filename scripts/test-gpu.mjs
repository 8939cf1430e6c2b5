// Runs the tests of the GPU kernels on this machine's own GPU; fails where there is none.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { runTests } from "./test.mjs";

await ensureInstalled({ dev: true });
await build({ all: true });
process.env.HANAMI_TEST_GPU = "hardware";
process.exitCode = await runTests([
  "test/kernels/webgpu-kernels",
  "test/kernels/webgpu-network",
  ...process.argv.slice(2),
]);
