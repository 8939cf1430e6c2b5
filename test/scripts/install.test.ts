import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

interface InstallModule {
  missingPackages: (options: { dev: boolean; folder: string }) => string[];
}
interface BuildModule {
  removeStale: (folder: string) => string[];
}
const scripts = new URL("../../../scripts/", import.meta.url);
const { missingPackages } = (await import(new URL("install.mjs", scripts).href)) as InstallModule;
const { removeStale } = (await import(new URL("build.mjs", scripts).href)) as BuildModule;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "hanami-scripts-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(path: string, content: object | string) {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === "string" ? content : JSON.stringify(content));
}

const locked = {
  "": { version: "1.0.0" },
  client: { version: "1.0.0" },
  "node_modules/client": { resolved: "client", link: true },
  "node_modules/server": { version: "1.0.0" },
  "node_modules/server/node_modules/nested": { version: "3.0.0" },
  "node_modules/runner": { version: "2.0.0", dev: true },
  "node_modules/binary-for-some-system": { version: "1.0.0", optional: true, os: ["none"] },
};

function install(packages: Record<string, object>) {
  for (const path of Object.keys(packages)) write(`${path}/package.json`, {});
  write("node_modules/.package-lock.json", { packages });
}

const { "node_modules/runner": _runner, "node_modules/binary-for-some-system": _binary, ...needed } = locked;

test("an empty tree lacks everything", () => {
  write("package-lock.json", { packages: locked });
  expect(missingPackages({ dev: true, folder })).toEqual(["client", "server", "nested", "runner"]);
  expect(missingPackages({ dev: false, folder })).toEqual(["client", "server", "nested"]);
});

test("a server's install lacks only the development packages", () => {
  write("package-lock.json", { packages: locked });
  install(needed);
  expect(missingPackages({ dev: false, folder })).toEqual([]);
  expect(missingPackages({ dev: true, folder })).toEqual(["runner"]);
});

test("another version, a deleted folder and an interrupted install are noticed", () => {
  write("package-lock.json", { packages: locked });
  install({ ...needed, "node_modules/server": { version: "0.9.0" } });
  expect(missingPackages({ dev: false, folder })).toEqual(["server"]);
  rmSync(join(folder, "node_modules/server/node_modules/nested"), { recursive: true });
  expect(missingPackages({ dev: false, folder })).toEqual(["server", "nested"]);
  rmSync(join(folder, "node_modules/.package-lock.json"));
  expect(missingPackages({ dev: true, folder })).toEqual(["server", "nested", "runner"]);
});

test("compiled files are deleted with their source, and no others", () => {
  for (const path of ["src/kept.ts", "sdk/src/kept.ts"]) write(path, "");
  for (const name of ["kept", "gone"]) {
    for (const ending of [".js", ".js.map", ".d.ts"]) {
      write(`dist/src/${name}${ending}`, "");
      write(`sdk/dist/${name}${ending}`, "");
    }
  }
  write("dist/src/tsconfig.tsbuildinfo", "");
  write("dist/src/kernel.wasm", "");
  expect(removeStale(folder).sort()).toEqual(
    [".d.ts", ".js", ".js.map"].flatMap((e) => [join("dist/src", `gone${e}`), join("sdk/dist", `gone${e}`)]).sort(),
  );
  expect(removeStale(folder)).toEqual([]);
});
