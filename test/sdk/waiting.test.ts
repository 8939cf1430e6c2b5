import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { HanamiClient, TaskError } from "hanami-sdk";
import { makeCluster, makeDataset, startTrain } from "../support/compute.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let url: string;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
  dataset = await makeDataset(app.app, { rows: 20 });
});
afterAll(() => app.close());

/** Like a server without events. */
const noEvents = () => new Response("Access denied by policy", { status: 401 });

/** A client that finds no events, and the seconds that each of its requests for a task was willing to wait. */
function openClient(answer: (target: URL) => Response | undefined = () => undefined) {
  const waits: (string | null)[] = [];
  const fetched: typeof fetch = async (input, init) => {
    const target = input as URL;
    if (target.pathname.endsWith("/events")) return noEvents();
    if (target.pathname.endsWith("/task")) waits.push(target.searchParams.get("wait"));
    return answer(target) ?? fetch(target, init);
  };
  return {
    client: new HanamiClient({ address: url, user: adminId, passphrase: testPassphrase, fetch: fetched }),
    waits,
  };
}

let names = 0;
async function queuedTask() {
  const cluster_uuid = await makeCluster(app, { name: `cluster ${++names}` });
  const setMode = (new_state: string) =>
    app.request("PUT", "/cluster/set_mode", { body: { uuid: cluster_uuid, new_state } });
  await setMode("DIRECT");
  const { uuid } = await startTrain(app, cluster_uuid, dataset);
  return { task: { uuid, cluster_uuid }, begin: () => setMode("TASK") };
}

async function untilWaiting(): Promise<void> {
  await expect.poll(() => app.app.connections.count(), { interval: 2, timeout: 20_000 }).toBe(1);
}

test("to wait for a task takes a request for each of its states", async () => {
  const { client, waits } = openClient();
  const { task, begin } = await queuedTask();
  const over = client.tasks.wait(task);
  await untilWaiting();
  await begin();
  expect(await over).toMatchObject({ uuid: task.uuid, state: "finished" });
  expect(waits.slice(0, 2)).toEqual([null, "45"]);
  expect(waits.length).toBeLessThanOrEqual(3);
});

test("a task that is aborted or deleted while a client waits is an error", async () => {
  const { client } = openClient();
  const { task } = await queuedTask();
  const over = client.tasks.wait(task);
  await untilWaiting();
  await client.tasks.delete(task);
  await expect(over).rejects.toThrow("not found");
  const failed = await queuedTask();
  const fails = client.tasks.wait(failed.task);
  await untilWaiting();
  await app.request("DELETE", "/dataset", { query: { uuid: dataset } });
  dataset = await makeDataset(app.app, { rows: 20 });
  await failed.begin();
  await expect(fails).rejects.toThrow(TaskError);
});

test("waiting ends with its signal", async () => {
  const { client } = openClient();
  const { task } = await queuedTask();
  const enough = new AbortController();
  const over = client.tasks.wait(task, { signal: enough.signal });
  await untilWaiting();
  enough.abort(new Error("enough"));
  await expect(over).rejects.toThrow("enough");
  await expect.poll(() => app.app.connections.count(), { interval: 2 }).toBe(0);
});

test.each([
  ["does not know how to wait", 400, "Validation failed, because item 'wait' is not in the list of allowed keys", 1],
  ["has too many clients that wait", 409, "Too many clients wait for tasks.", Infinity],
])("a server that %s is polled", async (_what, status, text, refusalsMax) => {
  let polls = 0;
  const { task, begin } = await queuedTask();
  const { client, waits } = openClient((target) => {
    if (target.searchParams.has("wait")) return new Response(text, { status });
    polls += target.pathname.endsWith("/task") ? 1 : 0;
    if (polls === 3) void begin();
    return undefined;
  });
  expect(await client.tasks.wait(task, { intervalMs: 5 })).toMatchObject({ state: "finished" });
  expect(waits.filter((wait) => wait !== null).length).toBeLessThanOrEqual(refusalsMax);
  expect(polls).toBeGreaterThan(3);
});

test("a watched task is shown after its interval, and a server that answers early is not asked all the time", async () => {
  const { task } = await queuedTask();
  let asked = 0;
  const { client } = openClient((target) => {
    asked += target.searchParams.has("wait") ? 1 : 0;
    // Like a server that ignores the wish.
    target.searchParams.delete("wait");
    return undefined;
  });
  const ended = new AbortController();
  const over = client.tasks.wait(task, { intervalMs: 60_000, signal: ended.signal });
  await expect.poll(() => asked, { interval: 2 }).toBe(1);
  await app.request("GET", "/cluster/all");
  expect(asked).toBe(1);
  ended.abort(new Error("enough"));
  await expect(over).rejects.toThrow("enough");
});

test.each(["document", "WorkerGlobalScope"])(
  "in a browser (%s) two requests wait, and the other tasks are polled",
  async (name) => {
    vi.stubGlobal(name, {});
    onTestFinished(() => void vi.unstubAllGlobals());
    const { client, waits } = openClient();
    const tasks = [await queuedTask(), await queuedTask(), await queuedTask(), await queuedTask()];
    const over = tasks.map(({ task }) => client.tasks.wait(task, { intervalMs: 5 }));
    await expect.poll(() => waits.length, { interval: 2 }).toBeGreaterThan(20);
    expect(waits.filter((wait) => wait !== null)).toHaveLength(2);
    for (const { begin } of tasks) await begin();
    for (const task of await Promise.all(over)) expect(task.state).toBe("finished");
  },
);

test("a request that waits on a half-dead connection is given up after a while, and the task is asked for again", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const asked: string[] = [];
  let state = "queued";
  const client = new HanamiClient({
    address: "http://test",
    user: adminId,
    passphrase: testPassphrase,
    fetch: async (input, init) => {
      const { pathname, searchParams } = input as URL;
      if (pathname.endsWith("/token")) return Response.json({ token: "opaque" });
      if (pathname.endsWith("/events")) return noEvents();
      const wait = searchParams.get("wait");
      asked.push(wait ?? "now");
      if (wait === null) return Response.json({ state });
      return new Promise((_, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    },
  });
  const over = client.tasks.wait({ uuid: "task", cluster_uuid: "cluster" });
  // `expect.poll` would let the fake time pass.
  const untilAsked = async (requests: string[]) => {
    while (asked.length < requests.length) {
      await vi.advanceTimersByTimeAsync(100);
      await setImmediate();
    }
    expect(asked).toEqual(requests);
  };
  await untilAsked(["now", "45"]);
  await vi.advanceTimersByTimeAsync(59_000);
  expect(asked).toEqual(["now", "45"]);
  await untilAsked(["now", "45", "now", "45"]);
  state = "finished";
  await untilAsked(["now", "45", "now", "45", "now"]);
  expect(await over).toMatchObject({ state: "finished" });
  expect(vi.getTimerCount()).toBe(0);

  const enough = new AbortController();
  state = "queued";
  const left = client.tasks.wait({ uuid: "task", cluster_uuid: "cluster" }, { signal: enough.signal });
  await untilAsked(["now", "45", "now", "45", "now", "now", "45"]);
  enough.abort(new Error("enough"));
  await expect(left).rejects.toThrow("enough");
  expect(vi.getTimerCount()).toBe(0);
});
