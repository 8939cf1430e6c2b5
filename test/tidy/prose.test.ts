import { expect, test } from "vitest";
import { filesBelow, type TextFile } from "./source-files.ts";

const COLUMNS = 120;

/** "can not" in texts that clients know, which stay to the letter. */
const WIRE_TEXTS = [
  /can not switch cluster to/gi,
  /can not move cluster to/gi,
  /input that can not be shown/gi,
  /(data-?set|checkpoint) can not be imported/gi,
  /dataset '[^']*' can not be read/gi,
  /invalid and can not be (read|compared|checked)/gi,
  /the checkpoint can not be restored/gi,
  /so it can not be removed from/gi,
  /can not open more files and connections/gi,
  /it can not work at/gi,
];

/** Spellings that came in by translation, and what to write in their place. */
const BANNED = [
  { spelling: /\bcan not\b/i, better: "cannot" },
  { spelling: /\bwhoever\b/i, better: "name them: the client, the caller, the operator" },
];

const isMarkdown = ({ path }: TextFile) => path.endsWith(".md");
const GENERATED = new Set([
  "sdk/src/messages.ts",
  "sdk/src/formats.ts",
  "sdk/src/default-template.ts",
  "docs/conformance.md",
]);
const isGenerated = ({ path }: TextFile) => GENERATED.has(path);

const COMMENT = /^\s*(\/\/|\/?\*)/;
const LITERAL = /"(?:\\.|[^"\\])*"|`[^`]*`?|\/(?:\\.|[^/\\*])+\/[a-z]*/g;

/** A literal is not cut: only the code around it counts. */
const withoutLiterals = (line: string) => (COMMENT.test(line) ? line : line.replaceAll(LITERAL, ""));

/** The lines of prose in a Markdown file: no tables, no code, no links, which cannot be cut. */
function proseOf(text: string): { line: string; number: number }[] {
  let isFenced = false;
  return text.split("\n").flatMap((line, index) => {
    if (line.startsWith("```")) isFenced = !isFenced;
    const isCut = isFenced || /^(\||```| {4})/.test(line) || /\]\(|https?:/.test(line);
    return isCut ? [] : [{ line, number: index + 1 }];
  });
}

const files = filesBelow("", /\.(ts|mjs|md|wgsl|proto)$/).filter((file) => !isGenerated(file));

test("lines end within the columns of the editor", () => {
  const long = files.flatMap((file) => {
    const lines = isMarkdown(file)
      ? proseOf(file.text)
      : file.text.split("\n").map((line, index) => ({ line: withoutLiterals(line), number: index + 1 }));
    return lines.filter(({ line }) => line.length > COLUMNS).map(({ number }) => `${file.path}:${number}`);
  });
  expect(long).toEqual([]);
});

test("no banned spelling", () => {
  const found = files
    .filter(({ path }) => path !== "test/tidy/prose.test.ts")
    .flatMap(({ path, text }) => {
      // A text may go on in the next line of a comment.
      const plain = WIRE_TEXTS.reduce((rest, wire) => rest.replaceAll(wire, (match) => "x".repeat(match.length)), text);
      return plain
        .split("\n")
        .flatMap((line, index) =>
          BANNED.filter(({ spelling }) => spelling.test(line)).map(({ better }) => `${path}:${index + 1}: ${better}`),
        );
    });
  expect(found).toEqual([]);
});
