import { spawn, type ChildProcess } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";

const main = fileURLToPath(new URL("../src/main.js", import.meta.url));

let root: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "hanami-main-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(root, { recursive: true, force: true });
});

/** Starts the server as a user would, with only the test's variables in its environment. */
function start(env: Record<string, string>, args: string[] = []) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      HANAMI_PORT: "0",
      HANAMI_DATA_DIR: join(root, "data"),
      HANAMI_LOG_LEVEL: "error",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  children.push(child);
  let output = "";
  let errors = "";
  const printed = new EventEmitter();
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    printed.emit("more");
  });
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exited = once(child, "exit").then(([code]) => ({ code: code as number | null, output, errors }));
  return {
    child,
    exited,
    /** The first match in standard output; fails with the whole output when the server ends before. */
    async printed(pattern: RegExp): Promise<RegExpExecArray> {
      for (;;) {
        const match = pattern.exec(output);
        if (match !== null) return match;
        const end = await Promise.race([once(printed, "more").then(() => undefined), exited]);
        if (end !== undefined) throw new Error(`ended with ${end.code}\n${end.output}\n${end.errors}`);
      }
    },
  };
}

async function login(url: string, id: string, passphrase: string) {
  const body = JSON.stringify({ id, passphrase: Buffer.from(passphrase).toString("base64") });
  const response = await fetch(`${url}/v1.0alpha/token`, { method: "POST", body });
  return response.status;
}

test("shows address and generated credentials once, refuses other servers, survives kill -9, stops on SIGTERM", async () => {
  const first = start({});
  const [, id = "", passphrase = ""] = await first.printed(/HANAMI_USER=(\S+)\s+HANAMI_PASSPHRASE=(\S+)/);
  const [, url = "", pid] = await first.printed(/listens on (\S+)\nprocess (\d+)\n/);
  expect(pid).toBe(`${first.child.pid}`);
  expect(await login(url, id, passphrase)).toBe(200);

  const second = await start({}).exited;
  expect(second.code).toBe(1);
  expect(second.errors).toContain(`is in use by process ${first.child.pid}`);
  expect(second.output).toBe("");

  first.child.kill("SIGKILL");
  await first.exited;
  const third = start({});
  const [, nextUrl = ""] = await third.printed(/listens on (\S+)/);
  expect(await login(nextUrl, id, passphrase)).toBe(200);
  third.child.kill("SIGTERM");
  const end = await third.exited;
  expect([end.code, end.errors]).toEqual([0, ""]);
  expect(end.output).not.toContain("HANAMI_PASSPHRASE");
}, 240_000);

test("a bad configuration names every bad value, from the environment and from a file", async () => {
  const bad = await start({ HANAMI_PORT: "70000", HANAMI_LOG_LEVEL: "loud" }).exited;
  expect(bad.code).toBe(1);
  expect(bad.errors).toMatch(/HANAMI_PORT: .*\n.*HANAMI_LOG_LEVEL: /);

  const file = join(root, "hanami.conf");
  await writeFile(file, "HANAMI_TOKEN_EXPIRE_TIME=soon\nHANAMI_PROT=5\nOTHER\nHANAMI_HOST=::1\n");
  const unknown = await start({ HANAMI_CPU_THREADS: "x" }, ["--config", file]).exited;
  expect(unknown.code).toBe(1);
  expect(unknown.errors).toMatch(
    new RegExp(
      ":2: there is no setting HANAMI_PROT; .*\n.*:3: no NAME=value.*\n.*:1: HANAMI_TOKEN_EXPIRE_TIME: .*\n" +
        "  HANAMI_CPU_THREADS: .*\n$",
    ),
  );

  await writeFile(file, "HANAMI_TOKEN_EXPIRE_TIME=soon\n");
  expect((await start({}, ["-c", file]).exited).errors).toContain("HANAMI_TOKEN_EXPIRE_TIME");
  expect((await start({}, ["-c", join(root, "missing")]).exited).errors).toContain("missing");
  expect((await start({}, ["--prot", "1"]).exited).errors).toContain("Usage");
});

test.skipIf(process.platform !== "linux" || process.arch !== "x64")(
  "a software GPU is a host when the environment or the file says so, and only then",
  async () => {
    const file = join(root, "hanami.conf");
    await writeFile(file, "HANAMI_SOFTWARE_GPU=true\n");
    const hostsOf = async (env: Record<string, string>, args: string[]) => {
      const server = start(env, args);
      await server.printed(/listens on/);
      server.child.kill("SIGTERM");
      const { code, output } = await server.exited;
      expect(code).toBe(0);
      return /hosts:\n(?: {2}.*\n)+/.exec(output)?.[0];
    };
    expect(await hostsOf({}, ["--config", file])).toMatch(/ gpu +SwiftShader/);
    expect(await hostsOf({ HANAMI_SOFTWARE_GPU: "false" }, ["--config", file])).not.toContain(" gpu ");
  },
  120_000,
);

test("an unreachable database is named, without its password", async () => {
  const end = await start({ DATABASE_URL: "postgres://someone:secret@127.0.0.1:1/nowhere" }).exited;
  expect(end.code).toBe(1);
  expect(end.errors).toMatch(/^The database 127\.0\.0\.1:1\/nowhere cannot be used: .*ECONNREFUSED/);
  expect(end.errors).not.toContain("secret");
});

test("a data directory that cannot be created is named", async () => {
  const file = join(root, "file");
  await writeFile(file, "");
  const end = await start({ HANAMI_DATA_DIR: join(file, "data") }).exited;
  expect([end.code, end.output]).toEqual([1, ""]);
  expect(end.errors).toMatch(/^The data directory \S+ cannot be used: ENOTDIR.*\n$/);
});

test("an invalid policy file stops the start", async () => {
  const file = join(root, "policies");
  await writeFile(file, "v1.0alpha/token\n- FETCH: admin\n");
  const end = await start({ HANAMI_POLICIES: file }).exited;
  expect([end.code, end.output]).toEqual([1, ""]);
  expect(end.errors).toContain("line 2: expected GET, POST, PUT or DELETE, but found 'FETCH'");
});
