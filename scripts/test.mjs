// Installs and builds everything, then runs the tests. Arguments are passed to vitest: npm test -- test/network
// `--fast` leaves out what takes long (`slow` in vitest.config.ts).
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "./build.mjs";
import { ensureInstalled, root } from "./install.mjs";
import { run } from "./run.mjs";

/** Users name the sources of tests; vitest needs the compiled files. */
export const testArguments = (args) => args.map((arg) => arg.replace(/\.test\.ts$/, ".test.js"));

/** Runs the tests on the compiled tree. Resolves to the exit code. */
export function runTests(args) {
  if (args.includes("--fast")) process.env.HANAMI_TEST_FAST = "yes";
  const reporters = ["default", join(root, "scripts/closing-line.mjs")].map((reporter) => `--reporter=${reporter}`);
  return run("vitest", ["run", ...reporters, ...testArguments(args.filter((arg) => arg !== "--fast"))]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await ensureInstalled({ dev: true });
  await build({ all: true });
  process.exitCode = await runTests(process.argv.slice(2));
}
