// Runs every row of docs/conformance.md and rewrites the file.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { runTests } from "./test.mjs";

await ensureInstalled({ dev: true });
await build({ all: true });
process.env["HANAMI_WRITE_CONFORMANCE"] = "1";
process.exitCode = await runTests(["test/conformance/table.test.ts"]);
