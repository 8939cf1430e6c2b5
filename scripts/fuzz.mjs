// Tests with hostile input generated from a seed: npm run fuzz -- --cases 10000 --mutants 20000 --seed 1
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { runTests } from "./test.mjs";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "10000" },
    mutants: { type: "string", default: "20000" },
    seed: { type: "string", default: "1" },
  },
});
process.env.HANAMI_FUZZ_CASES = values.cases;
process.env.HANAMI_FUZZ_MUTANTS = values.mutants;
process.env.HANAMI_FUZZ_SEED = values.seed;
await ensureInstalled({ dev: true });
await build({ all: true });
process.exitCode = await runTests(["test/fuzz"]);
