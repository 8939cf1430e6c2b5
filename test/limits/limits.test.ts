import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { TokenBuckets } from "../../src/limits/token-bucket.ts";
import { announceCsv, openUpload } from "../api/dataset-support.ts";
import { makeCluster, makeDataset, smallTemplate, trainBody } from "../support/compute.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { adminId, base64, createTestApp, type TestApp } from "../support/test-app.ts";

test("a bucket refills with time, up to its burst, and each key has its own", () => {
  let nowMs = 0;
  const buckets = new TokenBuckets({ perSecond: 2, burst: 3, now: () => nowMs });
  expect([1, 2, 3, 4].map(() => buckets.take("a"))).toEqual([true, true, true, false]);
  expect(buckets.waitSeconds("a")).toBe(1);
  expect(buckets.take("b")).toBe(true);
  nowMs = 500;
  expect([buckets.take("a"), buckets.take("a")]).toEqual([true, false]);
  buckets.giveBack("a");
  expect(buckets.take("a")).toBe(true);
  nowMs = 1_000_000;
  expect([1, 2, 3, 4].map(() => buckets.take("a"))).toEqual([true, true, true, false]);
});

describe("a server with small limits", () => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    const { limits } = parseConfig({
      HANAMI_MAX_UPLOAD_BYTES: "1000",
      HANAMI_MAX_TEMPLATE_BYTES: String(Buffer.byteLength(smallTemplate)),
      HANAMI_MAX_HEXAGONS: String(parseTemplate(smallTemplate).hexagons.length),
      HANAMI_MAX_CLUSTERS_PER_PROJECT: "1",
      HANAMI_MAX_TASKS_PER_PROJECT: "2",
      HANAMI_MAX_SOCKETS_PER_USER: "1",
      HANAMI_LOGIN_FAILURES_PER_MINUTE: "3",
      HANAMI_MAX_BODY_BYTES: "3000",
      HANAMI_MAX_MESSAGE_BYTES: "2000",
    });
    app = await createTestApp({ config: { limits } });
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  test("request bodies", async () => {
    const { status, text } = await app.request("POST", "/user", { body: JSON.stringify({ id: "x".repeat(3000) }) });
    expect([status, text]).toEqual([400, "Request body is bigger than 3000 bytes."]);
  });

  test("websocket messages", async () => {
    const { uuid_input_file } = await announceCsv(app, 10);
    const socket = await openUpload(url, app.token, uuid_input_file);
    expect(await socket.ask(Buffer.alloc(2000))).toBeInstanceOf(Buffer);
    void socket.ask(Buffer.alloc(2001)).catch(() => {});
    expect(await socket.closed()).toBe(1009);
  });

  test("files, of datasets and of checkpoints", async () => {
    const text = "Files of more than 1000 bytes are not taken.";
    for (const path of ["/dataset/upload/csv", "/dataset/upload/npy", "/checkpoint/upload"]) {
      const ofSize = (input_data_size: number) =>
        app.request("POST", path, { body: { name: "test_upload", input_data_size } });
      expect((await ofSize(1000)).status).toBe(200);
      const answer = await ofSize(1001);
      expect([answer.status, answer.text]).toEqual([400, text]);
    }
    const body = { name: "test_upload", input_data_size: 10, label_data_size: 1001 };
    expect((await app.request("POST", "/dataset/upload/mnist", { body })).text).toBe(text);
  });

  test("templates, clusters and tasks", async () => {
    const create = (template: string) =>
      app.request("POST", "/cluster", { body: { name: "test_cluster", template: base64(template) } });
    const long = await create(`${smallTemplate}\n`);
    expect([long.status, long.text]).toEqual([
      400,
      expect.stringMatching(/^Uploaded template is bigger than \d+ bytes\.$/),
    ]);
    const many = await create(smallTemplate.replace(/hexagons:\s+/, "hexagons: 9,9,9 ").replaceAll(/ {2,}/g, ""));
    expect([many.status, many.text]).toEqual([
      400,
      expect.stringMatching(/^Uploaded template has more than \d+ hexagons\.$/),
    ]);
    const cluster = await makeCluster(app, { name: "only one" });
    const second = await create(smallTemplate);
    expect([second.status, second.text]).toEqual([409, "Project with id 'admin' has 1 clusters, which is the limit."]);

    const dataset = await makeDataset(app.app, { rows: 20 });
    const body = trainBody(cluster, dataset, { epochs: 1_000_000 });
    const queue = () => app.request("POST", "/task/train", { body });
    expect([(await queue()).status, (await queue()).status]).toEqual([200, 200]);
    const third = await queue();
    expect([third.status, third.text]).toEqual([
      409,
      "Project with id 'admin' has 2 unfinished tasks, which is the limit.",
    ]);
    await app.request("DELETE", "/cluster", { query: { uuid: cluster } });
    const other = await makeCluster(app, { name: "another one" });
    expect((await app.request("POST", "/task/train", { body: trainBody(other, dataset) })).status).toBe(200);
  });

  test("sockets of one user, opened one after another or concurrently", async () => {
    const { uuid_input_file } = await announceCsv(app, 10);
    const open = () => openUpload(url, app.token, uuid_input_file);
    const first = await open();
    await expect(open()).rejects.toThrow("More than 1 open connections");
    await first.close();
    await expect.poll(() => app.app.connections.count()).toBe(0);

    const opened = await Promise.allSettled([1, 2, 3, 4, 5].map(open));
    const winners = opened.filter(({ status }) => status === "fulfilled");
    expect(winners).toHaveLength(1);
    // Refused sockets hold nothing.
    expect(app.app.connections.count()).toBe(1);
  });

  test("failed logins of one address; successful ones do not count", async () => {
    const login = async (passphrase: string) => {
      const body = JSON.stringify({ id: adminId, passphrase: base64(passphrase) });
      const { status, headers } = await fetch(`${url}/v1.0alpha/token`, { method: "POST", body });
      return { status, retryAfter: headers.get("retry-after") };
    };
    for (let count = 0; count < 5; count++) expect((await login("a long test passphrase")).status).toBe(200);
    const failed = await Promise.all([1, 2, 3, 4, 5].map(() => login("not the passphrase")));
    expect(failed.map(({ status }) => status).sort((a, b) => a - b)).toEqual([401, 401, 401, 409, 409]);
    // One every 20 seconds; even the right passphrase is refused now.
    const late = await login("a long test passphrase");
    expect(late.status).toBe(409);
    expect(Number(late.retryAfter)).toBeGreaterThanOrEqual(1);
    expect(Number(late.retryAfter)).toBeLessThanOrEqual(20);
    // Callers with a token are not affected.
    expect((await app.request("GET", "/dataset/all")).status).toBe(200);
  });
});

test("requests of one user", async () => {
  const { limits } = parseConfig({ HANAMI_REQUESTS_PER_SECOND: "1" });
  const app = await createTestApp({ config: { limits } });
  const other = await app.addUser({ id: "other", projectId: "test_project" });
  const answers = [];
  for (let count = 0; count < 20; count++) answers.push(await app.request("GET", "/dataset/all"));
  expect(answers.slice(0, 5).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  const refused = answers.find(({ status }) => status !== 200);
  expect([refused?.status, refused?.text, refused?.headers.get("retry-after")]).toEqual([
    409,
    "Too many requests.",
    "1",
  ]);
  expect((await app.request("GET", "/dataset/all", { token: other })).status).toBe(200);
  await app.close();
});
