// Kills servers under a mixed load: npm run test:crash -- --kills 100 --seed 1 --database PGlite|Postgres
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { runTests } from "./test.mjs";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "100" },
    seed: { type: "string", default: "1" },
    database: { type: "string", default: "PGlite" },
  },
});
process.env.HANAMI_CRASH_KILLS = values.kills;
process.env.HANAMI_CRASH_SEED = values.seed;
process.env.HANAMI_CRASH_DATABASE = values.database;
await ensureInstalled({ dev: true });
await build({ all: true });
process.exitCode = await runTests(["test/crash/crash.test.ts"]);
