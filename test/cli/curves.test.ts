import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { madeUpMetrics, madeUpPoint } from "./made-up-metrics.ts";
import { cells, program, runCli } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const uuids = ["11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"] as const;
const metricsOf = (uuid: string) =>
  madeUpMetrics([madeUpPoint(1), madeUpPoint(100), madeUpPoint(200)], { uuid, name: `<task> ${uuid[0]}` });

/** Streams of events that are open, and what they were asked for. */
const streams: { response: ServerResponse; query: URLSearchParams }[] = [];
const listeners = new Set<() => void>();

/** Answers exactly what the test expects: the curves of a real training differ from machine to machine. */
const listener: RequestListener = (request, response) => {
  const { pathname, searchParams: query } = new URL(request.url ?? "", "http://stub");
  const path = pathname.replace("/v1.0alpha", "");
  const uuid = query.get("uuid") ?? "";
  if (path === "/token") return void response.end(JSON.stringify({ id: "u", is_admin: true, name: "u", token: "t" }));
  if (path === "/events") {
    response.writeHead(200, { "Content-Type": "text/event-stream" }).write(": keep-alive\n\n");
    streams.push({ response, query });
    for (const each of listeners) each();
    return;
  }
  if (path !== "/task/metrics") return void response.writeHead(500).end();
  if (uuid !== uuids[0] && uuid !== uuids[1]) {
    return void response.writeHead(404).end(`Task with uuid '${uuid}' not found`);
  }
  if (query.get("format") === "csv") return void response.end("cycle,loss\n1,2\n");
  response.end(JSON.stringify(metricsOf(uuid)));
};

const stub = createServer(listener);
let folder = "";
let env: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanami-curves-"));
  await once(stub.listen(0, "127.0.0.1"), "listening");
  const { port } = stub.address() as AddressInfo;
  env = { HANAMI_ADDRESS: `http://127.0.0.1:${port}`, HANAMI_USER: "u", HANAMI_PASSPHRASE: "p" };
});
afterAll(async () => {
  stub.closeAllConnections();
  stub.close();
  await rm(folder, { recursive: true });
});

const metrics = (...args: string[]) => runCli(["task", "metrics", "-c", "c", ...args], { env });

test("curves are a table, JSON as the server gave it, or its CSV", async () => {
  const table = await metrics(...uuids);
  expect(table).toMatchObject({ code: 0, stderr: "" });
  expect(table.stdout).toContain("<task> 2, finished: 200 of 1000 cycles\nloss      █");
  expect(cells(table.stdout).map(([cycle]) => cycle)).toEqual("cycle 1 100 200 cycle 1 100 200".split(" "));
  expect(JSON.parse((await metrics(uuids[0], "-j")).stdout)).toEqual(metricsOf(uuids[0]));
  expect(JSON.parse((await metrics(...uuids, "-j")).stdout)).toEqual(uuids.map(metricsOf));
  expect(await metrics(uuids[0], "--csv")).toEqual({ code: 0, stdout: "cycle,loss\n1,2\n", stderr: "" });
  expect(await metrics(...uuids, "--csv")).toEqual({ code: 1, stdout: "", stderr: "Error: --csv takes one task\n" });
  expect(await metrics("x")).toEqual({ code: 3, stdout: "", stderr: "Error: Task with uuid 'x' not found\n" });
});

test("a picture is saved whole or not at all, and replaces a file only with --force", async () => {
  const file = join(folder, "curves.svg");
  const saved = await metrics(...uuids, "--plot", file);
  expect(saved.stdout).toMatch(new RegExp(`\n\\+-+.*\nsuccessfully saved the picture as '${file}'\n$`, "s"));
  const svg = await readFile(file, "utf8");
  expect(svg).toMatch(/^<svg .*&lt;task&gt; 1.*&lt;task&gt; 2.*<\/svg>\n$/s);
  await writeFile(file, "mine");
  expect((await metrics(uuids[0], "--plot", file)).stderr).toBe(
    `Error: '${file}' exists already: use --force to replace it\n`,
  );
  expect(await readFile(file, "utf8")).toBe("mine");
  const forced = await metrics(...uuids, "--plot", file, "--force", "-j");
  expect(JSON.parse(forced.stdout)).toHaveLength(2);
  expect(await readFile(file, "utf8")).toBe(svg);

  const missing = join(folder, "missing", "curves.svg");
  expect(await metrics(uuids[0], "--plot", missing)).toEqual({
    code: 1,
    stdout: "",
    stderr: `Error: Cannot write '${missing}': no such file or directory\n`,
  });
  expect((await metrics(uuids[0], "--plot", join(folder, "a.png"))).stderr).toContain("must end in .svg");
  const nine = Array.from({ length: 9 }, (_, at) => `task-${at}`);
  expect((await metrics(...nine, "--plot", join(folder, "nine.svg"))).stderr).toBe(
    "Error: A picture shows at most 8 tasks, not 9\n",
  );
  expect(await readdir(folder)).toEqual(["curves.svg"]);
});

test.each([
  ["-j", /^\{"id":"7","kind":"task\.deleted","data":\{"timestamp_ms":0,"uuid":"u","name":"\\u001b"\}\}\n$/],
  ["--insecure", /^1970-01-01T00:00:00\.000Z {2}task\.deleted {8}uuid u, '\\u001b'\n$/],
])("events are printed as they come (%s), until Ctrl-C, which is no error", async (flag, expected) => {
  const opened = new Promise<void>((resolve) => listeners.add(resolve));
  const args = ["events", "--kind", "task", "-c", "cluster", "--task", "task", flag];
  const child = spawn(process.execPath, [program, ...args], { env: { PATH: process.env["PATH"], ...env } });
  await opened;
  const { response, query } = streams.at(-1) as (typeof streams)[number];
  expect(Object.fromEntries(query)).toEqual({ kind: "task", cluster_uuid: "cluster", task_uuid: "task" });
  const data = JSON.stringify({ timestamp_ms: 0, uuid: "u", name: "\u001b" });
  // In two pieces, as a network may deliver it.
  response.write(`id: 7\nevent: task.deleted\nda`);
  response.write(`ta: ${data}\n\n`);
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  expect(line.toString()).toMatch(expected);
  child.kill("SIGINT");
  const [code] = (await once(child, "close")) as [number | null];
  expect(code).toBe(0);
});
