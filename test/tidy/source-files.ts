import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { paths } from "../../src/files/paths.ts";

/** Folders that hold what others wrote, or what was made from sources. */
const SKIPPED = new Set(["node_modules", "dist", "build", ".git", "migrations", "results"]);

/** The AssemblyScript kernels: compiled by a compiler of their own, and mirrors of other kernels by design. */
const ASSEMBLY = "src/kernels/wasm/assembly/";

export interface TextFile {
  /** From the root of the repository. */
  path: string;
  text: string;
}

export interface SourceFile extends TextFile {
  imports: { path: string; isType: boolean }[];
}

/** The files below a folder of the repository ("" for all of it) whose names end like this. */
export function filesBelow(folder: string, endings: RegExp): TextFile[] {
  return readdirSync(join(paths.root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path, endings);
    return entry.isFile() && endings.test(path) ? [{ path, text: readFileSync(join(paths.root, path), "utf8") }] : [];
  });
}

/** An import or a re-export of another file of the repository; also by `import(…)` and `load(…)`. */
const IMPORT = /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;"']*?from\s+"(\.[^"]+)"|(?:import|load)\(\s*"(\.[^"]+)"/g;

/** The TypeScript sources below a folder, and what they import from each other, type imports included. */
export function sourcesBelow(folder: string): SourceFile[] {
  return filesBelow(folder, /\.ts$/).map(({ path, text }) => ({
    path,
    text,
    imports: [...text.matchAll(IMPORT)].map(([, isType, stated, called]) => ({
      path: join(dirname(path), (stated ?? called) as string).replace(/\.js$/, ".ts"),
      isType: isType !== undefined,
    })),
  }));
}

export const isAssembly = ({ path }: { path: string }) => path.startsWith(ASSEMBLY);
