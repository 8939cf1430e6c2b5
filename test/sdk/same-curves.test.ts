/** What a training tells is the same wherever it is read: from the API, from events, and from the SDK. */
import { HanamiClient, type TaskPoint } from "hanami-sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeCluster, makeDataset, trainBody } from "../support/compute.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

let app: TestApp;
let client: HanamiClient;

beforeAll(async () => {
  app = await createTestApp();
  const { url: address } = await app.server.listen();
  client = new HanamiClient({ address, user: adminId, passphrase: testPassphrase });
});
afterAll(() => app.close());

test("API, events and SDK tell the same points: the loss falls, the accuracy rises, held-out rows beside them", async () => {
  const dataset = await makeDataset(app.app, { rows: 400 });
  const cluster_uuid = await makeCluster(app);
  const stop = new AbortController();
  const heard: TaskPoint[] = [];
  const events = client.events({ kind: "task", cluster_uuid, signal: stop.signal });
  const listening = (async () => {
    for await (const { kind, data } of events) {
      if (kind === "task.metrics") heard.push(data["point"] as TaskPoint);
      if (kind === "task.ended") return data;
    }
    return undefined;
  })();
  const body = trainBody(cluster_uuid, dataset) as unknown as Parameters<typeof client.tasks.train>[0];
  const task = await client.tasks.train({ ...body, epochs: 60, batch_size: 16, validation: { share: 0.25 } });
  const followed: TaskPoint[] = [];
  const states: string[] = [];
  for await (const news of client.tasks.follow(task)) {
    if (news.kind === "point") followed.push(news.point);
    else states.push(news.task.state);
  }
  const ended = await listening;

  const { points, state } = await client.tasks.metrics(task);
  const query = { uuid: task.uuid, cluster_uuid };
  const answer = await app.request("GET", "/task/metrics", { query });
  expect(answer.json()).toEqual({ ...query, name: task.name, state, total_number_of_cycles: 18_000, points });

  // A point that was told early may have grown since.
  const whole = ({ cycle, samples }: TaskPoint) =>
    points.some((each) => each.cycle === cycle && each.samples === samples);
  const known = (told: readonly TaskPoint[]) => points.filter(({ cycle }) => told.some((each) => each.cycle === cycle));
  for (const told of [heard, followed]) {
    expect(told.at(-1)).toEqual(points.at(-1));
    expect(told.filter(whole).map(({ cycle, loss, accuracy }) => ({ cycle, loss, accuracy }))).toEqual(
      known(told.filter(whole)).map(({ cycle, loss, accuracy }) => ({ cycle, loss, accuracy })),
    );
  }
  expect(states.at(-1)).toBe("finished");
  expect(ended).toMatchObject({ uuid: task.uuid, state: "finished" });

  const [first, last] = [points[0]!, points.at(-1)!];
  expect(last.loss).toBeLessThan(0.5 * first.loss!);
  expect(last.accuracy).toBeGreaterThan(first.accuracy!);
  expect(last.validation_accuracy).toBeCloseTo((await client.tasks.get(task)).metrics!["label_hex"]!.accuracy!, 6);
  expect(points.filter(({ validation_loss }) => validation_loss !== undefined).length).toBeGreaterThanOrEqual(20);
  stop.abort();
});
