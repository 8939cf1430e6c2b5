import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { shareOpenFiles } from "../../src/server/open-files.ts";
import { outageTexts } from "../../src/server/outage.ts";
import { openUpload } from "../api/dataset-support.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { smallTemplate } from "../support/compute.ts";
import { type RunningServer, spawnServer, startServer } from "../support/server-process.ts";
import { base64 } from "../support/test-app.ts";

// Servers and a few hundred clients start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

const isLinux = process.platform === "linux";

const ulimit = (files: number) => ["sh", "-c", `ulimit -n ${files}; exec "$@"`, "sh"];

async function prepare(): Promise<string> {
  const dataDir = await temporaryFolder();
  return dataDir;
}

/** Silent connections; resolves once each of them is open or closed. */
async function crowd({ url }: RunningServer, count: number): Promise<Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(Number(new URL(url).port), "127.0.0.1"));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  for (const socket of sockets) socket.on("error", () => {}).resume();
  await Promise.all(sockets.map((socket) => Promise.race([once(socket, "connect"), once(socket, "close")])));
  return sockets;
}

/** Errors of a client that is turned away. */
const turnedAway = /fetch failed|socket hang up|ECONNRESET|EPIPE|closed before|Unexpected server response/i;

/** Retries until the server accepts the client. Any answer other than a success fails. */
async function insist<T>(attempt: () => Promise<T>): Promise<T> {
  const endMs = performance.now() + 120_000;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!turnedAway.test(String(error)) || performance.now() > endMs) throw error;
    }
    await delay(50);
  }
}

test("many connections and uploads in a process with 128 files: no client gets a 500, and all get in later", async () => {
  const server = await startServer(await prepare(), { HANAMI_CPU_THREADS: "2" }, ulimit(128));
  const statuses: number[] = [];
  const ask = async (path: string, body?: object) => {
    const headers = { "X-Auth-Token": server.token, Connection: "close" };
    const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const response = await fetch(`${server.url}${path}`, { headers, ...post });
    statuses.push(response.status);
    return response;
  };
  const crowds = [await crowd(server, 300)];
  const csv = Buffer.from("a,b\n1,2\n3,4\n");
  const upload = async (index: number) => {
    const announce = { name: `upload ${index}`, input_data_size: csv.length };
    const announced = await insist(async () => {
      const response = await ask("/v1.0alpha/dataset/upload/csv", announce);
      return (await response.json()) as { uuid: string; uuid_input_file: string };
    });
    await insist(async () => {
      const socket = await openUpload(server.url, server.token, announced.uuid_input_file);
      const answer = await socket.put(0, csv);
      expect(answer?.success).toBe(true);
      await socket.close();
    });
    return announced;
  };
  const working = Promise.all(Array.from({ length: 40 }, (_, index) => upload(index)));
  working.catch(() => {});
  crowds.push(await crowd(server, 300));
  expect(server.child.exitCode).toBeNull();
  for (const socket of crowds.flat()) socket.destroy();
  const uploads = await working;
  for (const { uuid, uuid_input_file } of uploads.slice(0, 8)) {
    await insist(() => server.ask("PUT", "/dataset/upload/csv", { uuid, uuid_input_file }));
    expect(await insist(() => server.ask("GET", `/dataset?uuid=${uuid}`))).toMatchObject({ number_of_rows: 2 });
  }
  const template = base64(smallTemplate);
  await insist(() => server.ask("POST", "/cluster", { name: "afterwards", template, seed: 1 }));
  expect(await insist(async () => (await ask("/ready")).status)).toBe(200);
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  const exited = once(server.child, "exit");
  server.child.kill("SIGTERM");
  expect((await exited)[0]).toBe(0);
});

/** Descriptors of a process's open files. */
const filesOf = (pid: number) => readdirSync(`/proc/${pid}/fd`).map(Number);

const socketsOf = (pid: number) =>
  filesOf(pid).filter((file) => readlinkSync(`/proc/${pid}/fd/${file}`).startsWith("socket:")).length;

const setLimit = (pid: number, files: number) =>
  expect(spawnSync("prlimit", ["--pid", `${pid}`, `--nofile=${files}:20000`]).status).toBe(0);

/** Processor time of the process's first thread in seconds; other threads may still be compiling. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

test.skipIf(!isLinux || spawnSync("prlimit", ["--version"]).status !== 0)(
  "a process without free files reports it, neither spins nor ends, and continues when files are free again",
  async () => {
    const server = await startServer(await prepare(), { HANAMI_LOG_LEVEL: "silent" }, ulimit(20_000));
    const pid = server.child.pid as number;
    // Two for its output, two for listening: the socket of the login must be closed first, or it would leave room.
    await expect.poll(() => socketsOf(pid)).toBe(4);
    // Eight more than are open: clients take them and any free numbers below; all further clients are turned away.
    setLimit(pid, Math.max(...filesOf(pid)) + 9);
    const waiting = await crowd(server, 400);
    const before = cpuSeconds(pid);
    await delay(2000);
    expect(cpuSeconds(pid) - before).toBeLessThan(1);
    expect(waiting.filter((socket) => socket.closed).length).toBeGreaterThan(10);

    // Another client takes the place of one that leaves, and sends requests.
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    const ask = async (method: string, path: string, body?: object) => {
      const outgoing = request(`${server.url}${path}`, { agent, method, headers: { "X-Auth-Token": server.token } });
      outgoing.setTimeout(60_000, () => outgoing.destroy(new Error(`no answer to ${path}`)));
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
      const [response] = await once(outgoing, "response");
      let text = "";
      for await (const chunk of response) text += String(chunk);
      return [response.statusCode as number, text] as const;
    };
    const full = filesOf(pid).length;
    // A connection that waited to be accepted may take the place of the one that leaves.
    const leaveOne = () => {
      waiting.find((socket) => !socket.destroyed)?.destroy();
      return filesOf(pid).length;
    };
    await expect.poll(leaveOne, { timeout: 60_000 }).toBeLessThan(full);
    const announce = { name: "none", input_data_size: 10 };
    expect(await ask("GET", "/health")).toEqual([200, "ok\n"]);
    // Fills all other free descriptors as well.
    const askInCrowd = async (...question: Parameters<typeof ask>) => {
      waiting.push(...(await crowd(server, 20)));
      return ask(...question);
    };
    const refused = [503, `not ready. ${outageTexts.files}\n`];
    await expect.poll(() => askInCrowd("GET", "/ready"), { timeout: 60_000 }).toEqual(refused);
    expect(await askInCrowd("POST", "/v1.0alpha/dataset/upload/csv", announce)).toEqual([500, outageTexts.files]);

    setLimit(pid, 20_000);
    expect(await ask("GET", "/ready")).toEqual([200, "ready\n"]);
    expect((await ask("POST", "/v1.0alpha/dataset/upload/csv", announce))[0]).toBe(200);
    for (const socket of waiting) socket.destroy();
    expect((await fetch(`${server.url}/health`)).status).toBe(200);
    await expect.poll(() => filesOf(pid).length, { timeout: 60_000 }).toBeLessThan(200);
  },
);

test("a process with too few files for a server reports it in one line", async () => {
  const child = spawnServer(join(await temporaryFolder(), "data"), { HANAMI_CPU_THREADS: "2" }, [], ulimit(64));
  let errors = "";
  child.stderr.on("data", (data) => (errors += String(data)));
  expect((await once(child, "close"))[0]).toBe(1);
  expect(errors).toMatch(/^This process may have 64 files and connections open at a time, and needs 112\. [^\n]*\n$/);
});

test("the number of connections is bounded by the remaining files", () => {
  for (const files of [112, 128, 200, 256, 1024, 20_000, 1_048_576]) {
    const { database, connections } = shareOpenFiles(files, 2);
    expect(connections).toBeGreaterThanOrEqual(4);
    expect(database).toBeGreaterThanOrEqual(64);
    expect(28 + database + 2 * connections + 12).toBeLessThanOrEqual(files);
  }
  expect(shareOpenFiles(Infinity, 2)).toEqual({ database: 1000, connections: Infinity });
  expect(() => shareOpenFiles(111, 2)).toThrow("needs 112");
  expect(() => shareOpenFiles(128, 16)).toThrow("HANAMI_CPU_THREADS");
});
