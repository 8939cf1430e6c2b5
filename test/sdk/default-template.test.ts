import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { defaultTemplate } from "../../src/encoders/default-template.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";

const root = new URL("../../../", import.meta.url);

test("the SDK's templates are the server's, and the server understands them", async () => {
  const { templateSource } = (await import(new URL("scripts/generate-template.mjs", root).href)) as {
    templateSource: () => Promise<string>;
  };
  const source = readFileSync(new URL("sdk/src/default-template.ts", root), "utf8");
  expect(source).toBe(await templateSource());
  for (const kind of ["class", "number"] as const) {
    const text = defaultTemplate({ input: "row", output: "target", kind });
    expect(source).toContain(text);
    const { inputs, outputs } = parseTemplate(text);
    expect(new Set([...inputs, ...outputs].map((port) => `${port.name} ${port.kind}`))).toEqual(
      new Set(["row table", `target ${kind}`]),
    );
  }
});
