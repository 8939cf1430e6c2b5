import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { makeCluster, makeDataset, startTrain, type TaskBody, trainBody } from "../support/compute.ts";
import { createTestApp, type TestApp, type TestResponse } from "../support/test-app.ts";

let app: TestApp;
let dataset: string;

beforeAll(async () => {
  app = await createTestApp();
  dataset = await makeDataset(app.app, { rows: 20 });
});
afterAll(() => app.close());

interface Task {
  uuid: string;
  cluster_uuid: string;
}

let names = 0;

/** A cluster whose queue stands still, and a task in it. */
async function queuedTask(at: TestApp = app, rows: string = dataset): Promise<Task> {
  const cluster_uuid = await makeCluster(at, { name: `cluster ${++names}` });
  await setMode(cluster_uuid, "DIRECT", at);
  return { uuid: (await startTrain(at, cluster_uuid, rows)).uuid, cluster_uuid };
}

const setMode = async (uuid: string, new_state: string, at: TestApp = app) =>
  (await at.request("PUT", "/cluster/set_mode", { body: { uuid, new_state } })).json();

const wait = (task: Task, seconds: number | string = 50, token = app.token) =>
  app.request("GET", "/task", { query: { ...task, wait: seconds }, token });

async function untilWaiting(count: number, at: TestApp = app): Promise<void> {
  await expect.poll(() => at.app.connections.count(), { interval: 2, timeout: 20_000 }).toBe(count);
}

const stateOf = (answer: TestResponse) => answer.json<TaskBody>().state;

test("an answer comes when a task begins and when it ends, or when the time is up", async () => {
  const task = await queuedTask();
  expect(stateOf(await wait(task, 0.05))).toBe("queued");
  expect(stateOf(await wait(task, 0))).toBe("queued");
  const changed = wait(task);
  await untilWaiting(1);
  await setMode(task.cluster_uuid, "TASK");
  expect(["active", "finished"]).toContain(stateOf(await changed));
  const [over, plain] = [await wait(task), await app.request("GET", "/task", { query: { ...task } })];
  expect(stateOf(over)).toBe("finished");
  expect(over.text).toBe(plain.text);
  // A task that is over does not change.
  expect((await wait(task)).text).toBe(plain.text);
  expect(app.app.connections.count()).toBe(0);
});

test("a hundred clients wait for one task, and others are served meanwhile", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const task = await queuedTask();
  const answers = Array.from({ length: 100 }, () => wait({ ...task, uuid: task.uuid.toUpperCase() }));
  await untilWaiting(100);
  expect((await app.request("GET", "/cluster/all")).status).toBe(200);
  await setMode(task.cluster_uuid, "TASK");
  for (const answer of await Promise.all(answers)) expect(stateOf(answer)).not.toBe("queued");
  await untilWaiting(0);
  expect(warnings).toEqual([]);
});

test("a task, a cluster and a right that go while a client waits are answered like a new request", async () => {
  const token = await app.addUser({ id: "waiter", projectId: "waiting", isProjectAdmin: true });
  const cluster_uuid = await makeCluster(app, { token });
  await app.request("PUT", "/cluster/set_mode", { token, body: { uuid: cluster_uuid, new_state: "DIRECT" } });
  const rows = await makeDataset(app.app, { rows: 4, owner: { owner_id: "waiter", project_id: "waiting" } });
  const body = trainBody(cluster_uuid, rows);
  const queue = async () => (await app.request("POST", "/task/train", { token, body })).json<TaskBody>().uuid;
  const [first, second] = [await queue(), await queue()].map((uuid) => ({ uuid, cluster_uuid }));
  const changes = [
    { task: first!, method: "DELETE", path: "/task", query: { ...first! }, status: 404 },
    { task: second!, method: "DELETE", path: "/cluster", query: { uuid: cluster_uuid }, status: 404 },
  ];
  for (const { task, method, path, query, status } of changes) {
    const answer = wait(task, 50, token);
    await untilWaiting(1);
    (await app.request(method, path, { token, query })).json();
    const again = await wait(task, 50, token);
    expect(again.status).toBe(status);
    expect(await answer).toMatchObject({ status, text: again.text });
  }
  const other = await queuedTask();
  const admin = await app.addUser({ id: "second", projectId: "waiting" });
  expect((await wait(other, 50, admin)).status).toBe(404);

  const kept = await makeCluster(app, { token });
  await app.request("PUT", "/cluster/set_mode", { token, body: { uuid: kept, new_state: "DIRECT" } });
  const queued = (await app.request("POST", "/task/train", { token, body: trainBody(kept, rows) })).json<TaskBody>();
  const answer = wait({ uuid: queued.uuid, cluster_uuid: kept }, 50, token);
  await untilWaiting(1);
  (await app.request("DELETE", "/user/project", { query: { id: "waiter", project_id: "waiting" } })).json();
  const again = await wait({ uuid: queued.uuid, cluster_uuid: kept }, 50, token);
  expect(again.status).toBe(401);
  expect(await answer).toMatchObject({ status: 401, text: again.text });
});

test("users, projects and all together take shares of the connections, and get a 409 that says when to return", async () => {
  const { limits } = app.app.config;
  const own = await createTestApp({ config: { limits: { ...limits, connections: 16 } } });
  onTestFinished(() => own.close());
  const addChief = (id: string, projectId: string) => own.addUser({ id, projectId, isProjectAdmin: true });
  const addTask = async (owner_id: string, project_id: string, token: string) => {
    const cluster_uuid = await makeCluster(own, { token });
    await own.request("PUT", "/cluster/set_mode", { token, body: { uuid: cluster_uuid, new_state: "DIRECT" } });
    const rows = await makeDataset(own.app, { rows: 4, owner: { owner_id, project_id } });
    const answer = await own.request("POST", "/task/train", { token, body: trainBody(cluster_uuid, rows) });
    return { uuid: answer.json<TaskBody>().uuid, cluster_uuid };
  };
  const ask = (task: Task, token: string, seconds = 50) =>
    own.request("GET", "/task", { query: { ...task, wait: seconds }, token });
  const refused = { status: 409, text: "Too many clients wait for tasks." };
  const answers: Promise<TestResponse>[] = [];
  const tasks: Task[] = [];
  for (const project of ["mine", "yours"]) {
    const chiefs = [];
    for (const name of ["first", "second", "third"]) chiefs.push(await addChief(`${name}_of_${project}`, project));
    const [first, second, third] = chiefs as [string, string, string];
    const task = await addTask(`first_of_${project}`, project, first);
    tasks.push(task);
    for (const chief of [first, second]) {
      for (let n = 0; n < 2; n++) {
        answers.push(ask(task, chief));
        await untilWaiting(answers.length, own);
      }
      const third = await ask(task, chief);
      expect(third).toMatchObject(refused);
      expect(Number(third.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    expect(await ask(task, third)).toMatchObject(refused);
    // Without waiting, and for a task that does not exist, nothing has changed.
    expect((await ask(task, third, 0)).status).toBe(200);
    expect((await ask({ ...task, uuid: task.cluster_uuid }, third)).status).toBe(404);
  }
  // Nobody of the administrator's project waits.
  expect(await ask(tasks[0]!, own.token)).toMatchObject(refused);
  for (const task of tasks) await own.request("DELETE", "/task", { query: { ...task } });
  for (const { status } of await Promise.all(answers)) expect(status).toBe(404);
  expect((await ask(await queuedTask(own, await makeDataset(own.app, { rows: 4 })), own.token, 0.01)).status).toBe(200);
});

test.each([
  [-1, "Given item 'wait' is smaller than 0"],
  [50.5, "Given item 'wait' is bigger than 50"],
  ["soon", "Value-validation failed, because a item 'wait'  has the false type: Exprect float-type."],
  ["1e1", "Value-validation failed, because a item 'wait'  has the false type: Exprect float-type."],
  ["", "Value-validation failed, because a item 'wait'  has the false type: Exprect float-type."],
])("wait=%s is refused", async (seconds, text) => {
  const task = { uuid: crypto.randomUUID(), cluster_uuid: crypto.randomUUID() };
  expect(await wait(task, seconds)).toMatchObject({ status: 400, text });
});

test("a client that goes away frees its place, and a server that stops answers the others", async () => {
  const own = await createTestApp();
  onTestFinished(() => own.close());
  const task = await queuedTask(own, await makeDataset(own.app, { rows: 4 }));
  const { url } = await own.server.listen();
  const ask = (signal?: AbortSignal) =>
    fetch(`${url}/v1.0alpha/task?${new URLSearchParams({ ...task, wait: "50" }).toString()}`, {
      headers: { "X-Auth-Token": own.token },
      ...(signal && { signal }),
    });
  const gone = new AbortController();
  const [left, stays] = [ask(gone.signal), ask()];
  await untilWaiting(2, own);
  gone.abort();
  await expect(left).rejects.toThrow("aborted");
  await untilWaiting(1, own);
  const closed = own.server.close();
  const answer = await stays;
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ state: "queued" });
  await closed;
});
