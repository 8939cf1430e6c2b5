import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Table } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

const root = new URL("../../../", import.meta.url);
// In the repository, as the README says: there `hanami-sdk` is found.
const script = new URL("dist/readme-workflow.mjs", root);
const blocks = [...readFileSync(new URL("README.md", root), "utf8").matchAll(/```(js|sh)\n(.*?)```/gs)];
const block = (language: string) => blocks.find(([, found]) => found === language)?.[2] as string;

let app: TestApp;
let address: string;
beforeAll(async () => {
  app = await createTestApp();
  address = (await app.server.listen()).url;
});
afterAll(async () => {
  rmSync(script, { force: true });
  await app.close();
});

async function run(command: string, args: string[]): Promise<string> {
  const env = {
    ...process.env,
    HANAMI_ADDRESS: address,
    HANAMI_USER: adminId,
    HANAMI_PASSPHRASE: testPassphrase,
  };
  const child = spawn(command, args, { env, stdio: ["ignore", "pipe", "inherit"] });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [code] = (await once(child, "close")) as [number];
  expect(code).toBe(0);
  return Buffer.concat(chunks).toString();
}

test("the first workflow of the README works as written", { timeout: 120_000 }, async () => {
  writeFileSync(script, block("js"));
  const output = await run(process.execPath, [fileURLToPath(script)]);
  expect(output).toContain("100 % learned");
  const points = [...output.matchAll(/wanted ([\d.]+) {2}learned ([\d.]+)/g)];
  expect(points).toHaveLength(4);
  for (const [, wanted, learned] of points) expect(Math.abs(Number(wanted) - Number(learned))).toBeLessThan(0.25);
});

test("the README's curl calls work as written", async () => {
  const [login, list] = block("sh").trim().split("\n") as [string, string];
  const { token } = JSON.parse(await run("sh", ["-c", login])) as { token: string };
  const { header, body } = JSON.parse(await run("sh", ["-c", list.replace("<the token>", token)])) as Table;
  expect(header.slice(0, 2)).toEqual(["uuid", "type"]);
  expect(body[0]?.[1]).toBe("cpu");
});
