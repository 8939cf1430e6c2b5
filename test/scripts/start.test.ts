import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { unpatchedFiles } from "../../src/db/driver-patch.ts";
import { paths } from "../../src/files/paths.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { mountSmallDisk } from "../support/small-disk.ts";
import { makeCheckout, start } from "./checkout.ts";

// npm starts several servers, which is slow on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const isRoot = process.getuid?.() === 0;
const script = (folder: string) => join(folder, "scripts/start.mjs");

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.each([
  ["a service manager stops npm", "SIGTERM", "kill"],
  ["somebody interrupts npm", "SIGINT", "kill"],
  ["Ctrl-C reaches npm and the server", "SIGINT", "killGroup"],
] as const)("npm start shuts down in order, and npm exits after its server: %s", async (_, signal, send) => {
  const dataDir = join(await temporaryFolder(), "data");
  const npm = start("npm", ["start"], { cwd: paths.root, env: { HANAMI_DATA_DIR: dataDir } });
  const { pid } = await npm.listening();
  npm[send](signal);
  const { code, out, error } = await npm.ended;
  expect([code, error, isAlive(pid)]).toEqual([0, "", false]);
  expect(out.endsWith(`\n${signal}: stopping\n`)).toBe(true);
  // The lock is a socket, which only an orderly shutdown removes.
  expect(spawnSync("ls", [dataDir], { encoding: "utf8" }).stdout).not.toContain("lock-");
});

test("the data directory is the same, whatever folder the server is started from", async () => {
  const folder = await makeCheckout({ isBuilt: true });
  const elsewhere = await temporaryFolder();
  mkdirSync(join(folder, "docs/deep"), { recursive: true });
  writeFileSync(join(elsewhere, "my.conf"), "HANAMI_ADMIN_USER_ID=other_admin\n");
  const ways: [command: string, args: string[], cwd: string][] = [
    ["npm", ["--prefix", folder, "start", "--", "--config", "my.conf"], elsewhere],
    ["npm", ["start"], join(folder, "docs/deep")],
    [process.execPath, [script(folder)], elsewhere],
    [process.execPath, [join(folder, "dist/src/main.js")], elsewhere],
  ];
  const made: boolean[] = [];
  for (const [command, args, cwd] of ways) {
    const server = start(command, args, { cwd });
    const { dataDir } = await server.listening();
    server.kill("SIGTERM");
    const { code, out } = await server.ended;
    expect([code, dataDir]).toEqual([0, join(folder, "hanami-data")]);
    made.push(out.includes("HANAMI_USER=other_admin"));
  }
  // The first start created the administrator from the file in the folder of the call; the others found it.
  expect(made).toEqual([true, false, false, false]);
  expect(existsSync(join(elsewhere, "hanami-data"))).toBe(false);
});

/** Removes the driver's patch, as after an install without scripts. */
function unpatch(folder: string): void {
  const { status, stderr } = spawnSync("git", ["apply", "--reverse", "--unsafe-paths", "--directory", folder], {
    input: readFileSync(join(paths.patches, "postgres+3.4.9.patch")),
    cwd: folder,
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  expect(status).toBe(0);
}

test("an unpatched driver is patched by a start, or refused if that is not possible", async () => {
  expect(unpatchedFiles()).toEqual([]);
  const folder = await makeCheckout({ isBuilt: true });
  const driver = join(folder, "node_modules/postgres/src/connection.js");
  const patched = readFileSync(driver, "utf8");
  unpatch(folder);
  expect(readFileSync(driver, "utf8")).not.toBe(patched);
  const env = { HANAMI_DATA_DIR: join(await temporaryFolder(), "data"), DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" };
  const main = await start(process.execPath, [join(folder, "dist/src/main.js")], { cwd: folder, env }).ended;
  expect([main.code, main.out]).toEqual([1, ""]);
  expect(main.error).toMatch(/^The driver of Postgres is not patched \(node_modules\/postgres\/src\/\w+\.js\)\. .*\n$/);

  const started = await start("npm", ["start"], { cwd: folder, env }).ended;
  expect(started.error).toMatch(/The database 127\.0\.0\.1:1\/c cannot be used: .*ECONNREFUSED/);
  expect(readFileSync(driver, "utf8")).toBe(patched);
});

test.skipIf(!isRoot)("a read-only checkout says so in one line, or starts as it is", async () => {
  const folder = await makeCheckout({ isBuilt: true });
  const elsewhere = await temporaryFolder();
  spawnSync("chmod", ["0777", elsewhere]);
  const data = join(elsewhere, "data");
  const tryIt = (dataDir: string) =>
    start(process.execPath, [script(folder)], { cwd: elsewhere, isStranger: true, env: { HANAMI_DATA_DIR: dataDir } });
  const server = tryIt(data);
  await server.listening();
  server.kill("SIGTERM");
  expect(await server.ended).toMatchObject({ code: 0, error: "" });

  const locked = await tryIt(join(folder, "hanami-data")).ended;
  expect([locked.code, locked.error]).toEqual([
    1,
    expect.stringMatching(/^The data directory \S+hanami-data cannot be used: EACCES: [^\n]*\n$/),
  ]);
  // Owned by another user, as after a start by root.
  spawnSync("chown", ["-R", "0:0", data]);
  const foreign = await tryIt(data).ended;
  expect([foreign.code, foreign.error]).toEqual([
    1,
    expect.stringMatching(/^The data directory \S+data cannot be used: EACCES: [^\n]*\n$/),
  ]);

  unpatch(folder);
  const env = { HANAMI_DATA_DIR: join(elsewhere, "other"), DATABASE_URL: "postgres://a:b@127.0.0.1:1/c" };
  const unpatched = await start(process.execPath, [script(folder)], { cwd: elsewhere, isStranger: true, env }).ended;
  expect([unpatched.code, unpatched.error]).toEqual([1, expect.stringMatching(/^The driver .* not patched [^\n]*\n$/)]);

  for (const [gone, reason] of [
    ["build", /^\S+ is not built \(build\/kernels\.wasm is missing\), and dist is not writable\.\n$/],
    ["dist", /^\S+ is not built \(dist\/src\/main\.js is missing\), and dist is not writable\.\n$/],
    ["node_modules/hono", /^Packages cannot be installed \(1 missing: hono\): \S+ is not writable\.\n$/],
  ] as const) {
    rmSync(join(folder, gone), { recursive: true });
    const { code, out, error } = await tryIt(data).ended;
    expect([code, out]).toEqual([1, ""]);
    expect(error).toMatch(reason);
  }
});

test("a full data directory is reported in one line", async (t) => {
  const disk = await mountSmallDisk(16);
  if ("reason" in disk) return t.skip(disk.reason);
  const env = { HANAMI_DATA_DIR: join(disk.folder, "data") };
  const { code, out, error } = await start(process.execPath, [script(paths.root)], { cwd: paths.root, env }).ended;
  expect([code, out]).toEqual([1, ""]);
  expect(error).toMatch(/^The embedded database in \S+ cannot be opened: there is not enough space left in \S+\.\n$/);
});

test("a disk without space for the build is reported", async (t) => {
  const disk = await mountSmallDisk(40);
  if ("reason" in disk) return t.skip(disk.reason);
  const folder = join(disk.folder, "hanami");
  spawnSync("cp", ["-a", await makeCheckout({ isBuilt: false }), folder]);
  const { bavail, bsize } = statfsSync(disk.folder);
  writeFileSync(join(disk.folder, "filler"), Buffer.alloc(bavail * bsize));
  const { code, error } = await start(process.execPath, [script(folder)], { cwd: folder }).ended;
  expect(code).toBe(1);
  expect(error).not.toMatch(/^ {4}at /m);
  expect(error).toMatch(/ENOSPC|no space left/);
});
