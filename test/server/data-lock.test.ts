import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DataLockError, lockDataDirectory } from "../../src/server/data-lock.ts";

let root: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hanami-lock-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(root, { recursive: true });
});

/** Another process that takes the lock and keeps it until it is killed. */
async function lockInProcess(directory: string): Promise<ChildProcess> {
  const module = new URL("../../src/server/data-lock.js", import.meta.url).href;
  const script = `
    import { lockDataDirectory } from ${JSON.stringify(module)};
    await lockDataDirectory(${JSON.stringify(directory)}).then(() => console.log("locked"), () => console.log("refused"));
    setInterval(() => {}, 1e6);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [chunk] = await once(child.stdout, "data");
  expect(String(chunk).trim()).toBe("locked");
  return child;
}

describe.each([
  ["a short path", "data"],
  ["a path longer than a socket's address", join("a".repeat(120), "b".repeat(120))],
])("the lock of a data directory with %s", (_title, name) => {
  let directory: string;
  beforeEach(async () => {
    directory = join(root, name);
    await mkdir(directory, { recursive: true });
  });

  test("keeps a second process out until it is released, and leaves nothing behind", async () => {
    const lock = await lockDataDirectory(directory);
    await expect(lockDataDirectory(directory)).rejects.toThrow(DataLockError);
    await expect(lockDataDirectory(directory)).rejects.toThrow(`in use by process ${process.pid}`);
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
    await (await lockDataDirectory(directory)).release();
  });

  test("the lock of a killed process is no obstacle", async () => {
    const child = await lockInProcess(directory);
    await expect(lockDataDirectory(directory)).rejects.toThrow(`in use by process ${child.pid}`);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await readdir(directory)).toHaveLength(1);
    const lock = await lockDataDirectory(directory);
    await lock.release();
    expect(await readdir(directory)).toEqual([]);
  });

  test("a stopped process still holds it", async () => {
    const child = await lockInProcess(directory);
    child.kill("SIGSTOP");
    await expect(lockDataDirectory(directory)).rejects.toThrow("in use by another process");
  });

  test("of several that find a dead lock concurrently, one gets it", async () => {
    const child = await lockInProcess(directory);
    child.kill("SIGKILL");
    await once(child, "exit");
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockDataDirectory(directory)));
    const locks = results.filter((result) => result.status === "fulfilled").map((result) => result.value);
    expect(locks).toHaveLength(1);
    await locks[0]?.release();
  });
});
