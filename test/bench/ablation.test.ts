import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { changedText, VARIANTS } from "../../bench/learning/ablation.ts";
import { paths } from "../../src/files/paths.ts";

test.each(VARIANTS)("the ablation of %s finds the text that it changes", (_, changes) => {
  for (const change of changes) {
    const text = readFileSync(join(paths.root, "dist/src", change[0]), "utf8");
    expect(changedText(text, change)).not.toBe(text);
  }
});
