import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Table } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

const root = new URL("../../../", import.meta.url);
// Inside of the repository, as the documents say, where `hanami-sdk` and `hanamictl` are found.
const folder = fileURLToPath(new URL("dist/documents/", root));
const script = join(folder, "program.mjs");

/** The code blocks of a document, in order. */
const blocks = (document: string, language: string) =>
  [...readFileSync(new URL(document, root), "utf8").matchAll(/```(\w+)\n(.*?)```/gs)]
    .filter(([, found]) => found === language)
    .map(([, , code]) => code as string);

let app: TestApp;
let address: string;
beforeAll(async () => {
  mkdirSync(folder, { recursive: true });
  app = await createTestApp();
  address = (await app.server.listen()).url;
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await app.close();
});

async function run(command: string, args: string[]): Promise<string> {
  const env = {
    ...process.env,
    HANAMI_ADDRESS: address,
    HANAMI_USER: adminId,
    HANAMI_PASSPHRASE: testPassphrase,
  };
  const { status, stdout, stderr } = await runToEnd(spawn(command, args, { env, cwd: folder }));
  expect(status, stderr).toBe(0);
  return stdout;
}

async function runToEnd(child: ChildProcessWithoutNullStreams) {
  const out: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(errors).toString() };
}

test("the program of the SDK's README works as written", { timeout: 120_000 }, async () => {
  writeFileSync(script, blocks("sdk/README.md", "js")[0] as string);
  const output = await run(process.execPath, [script]);
  expect(output).toContain("100 % learned");
  const points = [...output.matchAll(/wanted ([\d.]+) {2}learned ([\d.]+)/g)];
  expect(points).toHaveLength(4);
  for (const [, wanted, learned] of points) expect(Math.abs(Number(wanted) - Number(learned))).toBeLessThan(0.1);
});

test("the first workflow of the README works as written", { timeout: 120_000 }, async () => {
  const output = await run("sh", ["-ec", blocks("README.md", "sh")[0] as string]);
  // Two tables, of the curve and of what was learned: row number and value.
  const values = [...output.matchAll(/\| 50\d \| ([\d.]+) /g)].map(([, value]) => Number(value));
  expect(values).toHaveLength(10);
  for (let row = 0; row < 5; row++) {
    expect(Math.abs((values[row] as number) - (values[row + 5] as number))).toBeLessThan(0.1);
  }
});

test("the README's curl calls work as written", async () => {
  const [login, list] = (blocks("README.md", "sh")[1] as string).trim().split("\n") as [string, string];
  const { token } = JSON.parse(await run("sh", ["-c", login])) as { token: string };
  const { header, body } = JSON.parse(await run("sh", ["-c", list.replace("<the token>", token)])) as Table;
  expect(header.slice(0, 2)).toEqual(["uuid", "type"]);
  expect(body[0]?.[1]).toBe("cpu");
});
