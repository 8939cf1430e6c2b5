import { expect, test } from "vitest";
import { isAssembly, sourcesBelow } from "./source-files.ts";

const DECLARATION = /^export (?:declare |abstract |async )*(?:function\*?|class|interface|type|const|let|enum) (\w+)/gm;
const LIST = /^export (?:type )?\{([^}]*)\}/gm;

/** The names that a module exports, those that it passes on included. */
function exportsOf(text: string): string[] {
  const declared = [...text.matchAll(DECLARATION)].map(([, name]) => name as string);
  const listed = [...text.matchAll(LIST)].flatMap(([, names]) =>
    (names as string)
      .split(",")
      .map((name) =>
        name
          .trim()
          .replace(/^type /, "")
          .replace(/^.* as /, ""),
      )
      .filter(Boolean),
  );
  return [...declared, ...listed];
}

test("an exported name of src has one meaning: it stands in one file", () => {
  const filesOf = new Map<string, Set<string>>();
  for (const file of sourcesBelow("src").filter((each) => !isAssembly(each))) {
    for (const name of exportsOf(file.text)) filesOf.set(name, (filesOf.get(name) ?? new Set()).add(file.path));
  }
  // Each folder of the API lists its own.
  filesOf.delete("routes");
  const twice = [...filesOf].filter(([, files]) => files.size > 1).map(([name, files]) => [name, ...files].join(" "));
  expect(twice).toEqual([]);
});

test("exports are found in all their spellings", () => {
  const text = `export type A = 1;\nexport async function b() {}\nexport { c, type D, e as f } from "./x.ts";\n`;
  expect(exportsOf(text)).toEqual(["A", "b", "c", "D", "f"]);
});
