// The gate without the tests: types, lint, format, unused code. Runs all steps, then lists those that failed.
import { build } from "./build.mjs";
import { ensureInstalled } from "./install.mjs";
import { run } from "./run.mjs";

await ensureInstalled({ dev: true });
await build({ all: true });

const steps = [
  { name: "lint", start: () => run("oxlint", ["--type-aware", "--deny-warnings"]) },
  { name: "format", start: () => run("oxfmt", ["--check"]) },
  { name: "unused code", start: () => run("knip", []) },
];

const failed = [];
for (const { name, start } of steps) {
  console.log(`\n── ${name}`);
  if ((await start()) !== 0) failed.push(name);
}
console.log(failed.length === 0 ? "\nTypes and all checks are fine." : `\nFailed: ${failed.join(", ")}`);
process.exitCode = failed.length === 0 ? 0 : 1;
