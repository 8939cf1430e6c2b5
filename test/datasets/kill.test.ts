import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, onTestFinished, test } from "vitest";
import { paths } from "../../src/paths.ts";
import { openUpload } from "../api/dataset-support.ts";
import { embeddedDatabase } from "../support/databases.ts";
import { base64, testPassphrase } from "../support/test-app.ts";
import { temporaryFolder } from "./support.ts";

interface RunningServer {
  child: ChildProcess;
  url: string;
  token: string;
  ask<T>(method: string, path: string, body?: object): Promise<T>;
}

async function startServer(dataDir: string): Promise<RunningServer> {
  const child = spawn(process.execPath, [join(paths.root, "dist/src/main.js")], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      HANAMI_DATA_DIR: dataDir,
      HANAMI_PORT: "0",
      HANAMI_LOG_LEVEL: "error",
      HANAMI_ADMIN_USER_ID: "asdf",
      HANAMI_ADMIN_USER_NAME: "asdf",
      HANAMI_ADMIN_PASSPHRASE: testPassphrase,
    },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let url: string | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    url = /listens on (http:\S+)/.exec(line)?.[1];
    if (url !== undefined) break;
  }
  child.stdout.resume();
  const base = `${url}/v1.0alpha`;
  const ask = async <T>(method: string, path: string, body?: object, token = "") => {
    const request = { method, headers: { "X-Auth-Token": token }, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(base + path, request);
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  };
  const login = { id: "asdf", passphrase: base64(testPassphrase) };
  const { token } = await ask<{ token: string }>("POST", "/token", login);
  return { child, url: url as string, token, ask: (method, path, body) => ask(method, path, body, token) };
}

async function kill({ child }: RunningServer): Promise<void> {
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

test(
  "an upload that was acknowledged to its end survives kill -9, a killed import leaves nothing",
  {
    timeout: 120_000,
  },
  async () => {
    const dataDir = await temporaryFolder();
    await embeddedDatabase.prepare(join(dataDir, "database"));
    // Long enough for the import to be killed in the middle.
    const rows = 400_000;
    const bytes = Buffer.from(`a,b\n${Array.from({ length: rows }, (_, row) => `${row},0.25\n`).join("")}`);
    const first = await startServer(dataDir);
    const announced = { name: "test_dataset", input_data_size: bytes.length };
    const upload = await first.ask<{ uuid: string; uuid_input_file: string }>("POST", "/dataset/upload/csv", announced);
    const { uuid, uuid_input_file } = upload;
    const socket = await openUpload(first.url, first.token, uuid_input_file);
    for (let position = 0; position < bytes.length; position += 131_072) {
      const answer = await socket.put(position, bytes.subarray(position, position + 131_072));
      expect(answer).toEqual({ success: true, errorMessage: "" });
    }
    await kill(first);

    const second = await startServer(dataDir);
    expect(await second.ask("GET", `/dataset/progress?uuid=${uuid}`)).toMatchObject({ complete: true });
    const finalize = second.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file }).then(
      () => "answered",
      (error: Error) => error.message,
    );
    const datasets = join(dataDir, "datasets");
    const isImporting = async () => (await readdir(datasets)).some((name) => name.endsWith(".partial"));
    await expect.poll(isImporting, { interval: 5, timeout: 20_000 }).toBe(true);
    await kill(second);
    expect(await finalize).toBe("fetch failed");
    expect(await readdir(datasets)).toEqual([expect.stringMatching(/\.partial$/)]);

    const third = await startServer(dataDir);
    expect(await readdir(datasets)).toEqual([]);
    expect(await third.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file })).toEqual({ uuid });
    await kill(third);

    const fourth = await startServer(dataDir);
    expect(await fourth.ask("GET", `/dataset?uuid=${uuid}`)).toMatchObject({ number_of_rows: rows });
    const content = `/dataset/content?uuid=${uuid}&column_name=a&row_offset=${rows - 1}`;
    expect(await fourth.ask("GET", content)).toEqual({ data: [[rows - 1]] });
    await kill(fourth);
  },
);
