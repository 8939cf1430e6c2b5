import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseConfig, settingNames } from "../../src/server/config.ts";
import { paths } from "../../src/files/paths.ts";

test("every setting is documented, every limit with its default", async () => {
  const operating = await readFile(join(paths.root, "docs/operating.md"), "utf8");
  const readme = await readFile(join(paths.root, "README.md"), "utf8");
  // Settings like `HANAMI_HOST`, `HANAMI_PORT` share a row there, and `_NAME` abbreviates a name with the prefix before
  // it.
  const shortened = (name: string) => `\`_${name.split("_").at(-1)}\``;
  for (const name of settingNames) {
    const isThere =
      [operating, readme].some((text) => text.includes(`\`${name}\``) || text.includes(`\`${name}=`)) ||
      readme.includes(shortened(name));
    expect(isThere, name).toBe(true);
  }
  const rows = [...operating.matchAll(/^\| `(HANAMI_\w+)` \| ([\d ]+) \| .* \| .* \|$/gm)];
  const documented = new Map(rows.map(([, name, value]) => [name, Number(value?.replaceAll(" ", ""))]));
  const defaults = Object.values(parseConfig({}).limits)
    .filter((value) => value !== undefined)
    .sort((a, b) => a - b);
  expect([...documented.values()].sort((a, b) => a - b)).toEqual(defaults);
});
