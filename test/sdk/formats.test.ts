import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const root = new URL("../../../", import.meta.url);

test("the module equals the generator's output for the server's table", async () => {
  const { formatsSource } = (await import(new URL("scripts/generate-formats.mjs", root).href)) as {
    formatsSource: () => Promise<string>;
  };
  expect(readFileSync(new URL("sdk/src/formats.ts", root), "utf8")).toBe(await formatsSource());
});
