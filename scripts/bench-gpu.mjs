// Builds everything and runs the GPU benchmark; see bench/gpu/main.ts for the options.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";

await ensureInstalled({ dev: true });
await build({ all: true });
await import("../dist/bench/gpu/main.js");
