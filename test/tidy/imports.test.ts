import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { paths } from "../../src/files/paths.ts";
import { sourcesBelow, type SourceFile } from "./source-files.ts";

/** Each circle of imports: the files that can all be reached from each other (Tarjan's algorithm). */
function circlesOf(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = ({ path, imports }: SourceFile): number => {
    let low = order.size;
    order.set(path, low);
    const depth = open.push(path) - 1;
    for (const { path: imported } of imports) {
      const file = byPath.get(imported);
      if (file === undefined) continue;
      if (!order.has(imported)) low = Math.min(low, visit(file));
      else if (open.includes(imported)) low = Math.min(low, lowest.get(imported) ?? (order.get(imported) as number));
    }
    lowest.set(path, low);
    if (low === order.get(path)) {
      const circle = open.splice(depth);
      if (circle.length > 1 || imports.some((each) => each.path === path)) circles.push(circle.sort());
    }
    return low;
  };
  for (const file of files) if (!order.has(file.path)) visit(file);
  return circles;
}

/** The floors of docs/architecture.md, from the top: names of folders and files of `src`. */
function readFloors(): string[][] {
  const page = readFileSync(join(paths.root, "docs/architecture.md"), "utf8");
  const plan = /^<!-- floors -->\n+((?: {4}.*\n)+)/m.exec(page)?.[1] ?? "";
  return plan
    .trimEnd()
    .split("\n")
    .map((line) => (line.trim().split(/ {2,}/)[0] as string).split(" · "));
}

const roomOf = (path: string) => path.split("/")[1] as string;

const sources = sourcesBelow("src");

test("no file imports itself, not over others either, and not for types", () => {
  expect(circlesOf([...sources, ...sourcesBelow("bench")])).toEqual([]);
});

test("a circle over types and calls is found", () => {
  const file = (path: string, ...imports: string[]) => ({
    path,
    text: "",
    imports: imports.map((each) => ({ path: each, isType: true })),
  });
  const files = [file("a", "b"), file("b", "c", "d"), file("c", "a"), file("d", "d"), file("e", "a"), file("f", "e")];
  expect(circlesOf(files)).toEqual([["d"], ["a", "b", "c"]]);
});

test("the floor plan names each folder of src once", () => {
  const rooms = new Set(sources.map(({ path }) => roomOf(path)));
  expect(readFloors().flat().sort()).toEqual([...rooms].filter((room) => room !== "app-context.ts").sort());
});

test("imports lead to a lower floor of the plan", () => {
  const floors = readFloors();
  const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor] as const)));
  const wrong = sources.flatMap(({ path, imports }) =>
    imports.flatMap((imported) => {
      const [from, to] = [roomOf(path), roomOf(imported.path)];
      if (!imported.path.startsWith("src/") || from === to) return [];
      // It holds types only: the names of all parts, for those who are handed them.
      const isFine =
        from === "app-context.ts" || to === "app-context.ts"
          ? imported.isType
          : (floorOf.get(from) as number) < (floorOf.get(to) as number);
      return isFine ? [] : [`${path} -> ${imported.path}`];
    }),
  );
  expect(wrong).toEqual([]);
});
