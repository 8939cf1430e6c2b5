import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawDigits } from "../../scripts/demo/digits.ts";
import { encodePair } from "../../scripts/demo/idx.ts";

const script = fileURLToPath(new URL("../../scripts/demo/main.js", import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hanami-demo-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function demo(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("draws, uploads, trains, tests, and prints where everything is", { timeout: 120_000 }, () => {
  const data = join(folder, "data");
  const first = demo("--train", "600", "--test", "100", "--epochs", "2", "--data", data);
  expect(first).toMatchObject({ status: 0, stderr: "" });
  const accuracy = Number(/accuracy ([\d.]+) % on 100 images/.exec(first.stdout)?.[1]);
  // Guessing gives a tenth.
  expect(accuracy).toBeGreaterThan(70);
  expect(first.stdout).toMatch(/train +100 % +1200 images/);
  expect(first.stdout).toContain(`HANAMI_DATA_DIR=${data} npm start`);
  expect(statSync(join(data, "demo.env")).mode & 0o077).toBe(0);

  // A second run finds the login and its data directory again; this time the files are compressed.
  const { images, labels } = encodePair(drawDigits(200, 5));
  for (const half of ["train", "t10k"]) {
    writeFileSync(join(folder, `${half}-images-idx3-ubyte.gz`), gzipSync(images));
    writeFileSync(join(folder, `${half}-labels.idx1-ubyte`), labels);
  }
  const second = demo("--mnist", folder, "--data", data);
  expect(second).toMatchObject({ status: 0, stderr: "" });
  expect(second.stdout).toContain("on 200 images");
});

test("missing or wrong arguments are reported in one line", () => {
  const missing = demo("--mnist", join(folder, "nowhere"), "--address", "http://127.0.0.1:3");
  expect(missing).toMatchObject({ status: 1, stdout: "" });
  expect(missing.stderr).toContain("HANAMI_USER");
  expect(demo("--train", "none").stderr).toContain("--train must be a whole number above 0");
  expect(demo("--help")).toMatchObject({ status: 0, stderr: "" });
});

test("Ctrl-C stops the server and deletes its folder", async () => {
  const temporary = mkdtempSync(join(folder, "temporary-"));
  const child = spawn(process.execPath, [script, "--train", "4000"], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for await (const line of createInterface({ input: child.stdout })) if (line.startsWith("train")) child.kill("SIGINT");
  if (child.exitCode === null) await once(child, "exit");
  expect(child.exitCode).toBe(130);
  expect(readdirSync(temporary)).toEqual([]);
});
