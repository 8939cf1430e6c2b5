import { readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { routes } from "../../src/api/routes.ts";
import { makeCluster, makeDataset, trainBody } from "../support/compute.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import { openUpload } from "./dataset-support.ts";

/** The only client texts that need not look like a uuid, an id or a name; none becomes part of a path. */
const freeTexts = [
  "POST /token password",
  "POST /user password",
  "GET /dataset/content column_name",
  "GET /dataset/download column_name",
  "PUT /dataset/upload/npy column_name",
  "POST /cluster template",
  // URLs, which only a list in the settings admits.
  ...["POST /cluster/save", "POST /cluster/load"].map((route) => `${route} notify_url`),
  ...["train", "request", "evaluate"].map((kind) => `POST /task/${kind} notify_url`),
  // Kinds such as task.ended.
  "GET /events kind",
];

const stringKeys = routes.flatMap((route) =>
  route.rules
    .filter(({ type }) => type === "string")
    .map((rule) => ({ name: `${route.method} ${route.path} ${rule.key}`, route, rule })),
);

const uuidPattern = "^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$";

const climbing = [
  "../../../etc/passwd",
  "..%2f..%2fetc%2fpasswd",
  "..\\..\\boot.ini",
  "/etc/passwd",
  "C:\\boot.ini",
  "file:///etc/passwd",
  "token.key",
  "0c55b987-7ca5-4213-ba62-87c5430b7a3b/../../token.key",
  "0c55b987-7ca5-4213-ba62-87c5430b7a3b\n",
  "0c55b987-7ca5-4213-ba62-87c5430b7a3b\0",
  "0c55b987-7ca5-4213-ba62-87c5430b7a3b.npz",
  "０c55b987-7ca5-4213-ba62-87c5430b7a3b",
  "$(touch pwned)",
  "'; drop table users; --",
  "{{7*7}}",
  "name\r\nX-Injected: yes",
];

describe("texts of clients", () => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp();
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());
  const listing = async () => {
    const files = await readdir(app.dataDir, { recursive: true });
    return files.filter((file) => !file.startsWith("database")).sort();
  };

  test("every key that is a text has a pattern without slash, backslash, dot or control character", () => {
    const free = stringKeys.filter(({ rule }) => rule.pattern === undefined).map(({ name }) => name);
    expect(free).toEqual(freeTexts);
    for (const { name, rule } of stringKeys) {
      if (rule.key.includes("uuid")) expect([name, rule.pattern?.source]).toEqual([name, uuidPattern]);
      for (const text of climbing) {
        // A passphrase is base64, which may contain slashes; it is hashed and never stored.
        if (rule.key !== "passphrase" && rule.pattern !== undefined) {
          expect([name, text, rule.pattern.test(text)]).toEqual([name, text, false]);
        }
      }
    }
  });

  test("every endpoint refuses path traversal, and no file appears or disappears anywhere", async () => {
    const before = await listing();
    for (const { route, rule } of stringKeys.filter(({ rule }) => rule.pattern !== undefined)) {
      for (const text of climbing.slice(0, 3)) {
        const input = { [rule.key]: text };
        const takesBody = route.method === "POST" || route.method === "PUT";
        const answer = await app.request(route.method, route.path, takesBody ? { body: input } : { query: input });
        expect([route.path, answer.status]).toEqual([route.path, 400]);
      }
    }
    expect(await listing()).toEqual(before);
  });

  test("so do the items of tasks and the first message of a websocket", async () => {
    const cluster = await makeCluster(app);
    const dataset = await makeDataset(app.app, { rows: 4 });
    const before = await listing();
    for (const text of climbing) {
      for (const key of ["dataset_uuid", "dataset_column", "hexagon_name"]) {
        const body = trainBody(cluster, dataset) as unknown as { inputs: Record<string, string>[] };
        body.inputs = [{ ...body.inputs[0], [key]: text }];
        const { status } = await app.request("POST", "/task/train", { body });
        expect([key, text, [400, 404].includes(status)]).toEqual([key, text, true]);
      }
      await expect(openUpload(url, app.token, text)).rejects.toThrow(`Tempfile with UUID '${text}' not found`);
    }
    expect(await listing()).toEqual(before);
  });

  test("a name stays a name, also in the header of a download", async () => {
    const { uuid } = (
      await app.request("POST", "/dataset/upload/csv", { body: { name: "Con - AUX", input_data_size: 1 } })
    ).json<{ uuid: string }>();
    expect((await listing()).filter((file) => file.includes("AUX"))).toEqual([]);
    await app.request("DELETE", "/dataset", { query: { uuid } });
    const dataset = await makeDataset(app.app, { rows: 4 });
    const { headers } = await app.request("GET", "/dataset/download", { query: { uuid: dataset, format: "npy" } });
    expect(headers.get("content-disposition")).toBe('attachment; filename="generated.npy"');
  });

  test("every answer has security headers, and the page has its own policy", async () => {
    for (const path of ["/v1.0alpha/host/all", "/v1.0alpha/nowhere", "/v1.0alpha/openapi.json", "/x"]) {
      const { headers } = await fetch(url + path, { headers: { "X-Auth-Token": app.token } });
      expect(Object.fromEntries(headers)).toMatchObject({
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
        "x-frame-options": "SAMEORIGIN",
        "referrer-policy": "no-referrer",
        "x-request-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      });
      // There is no TLS here, and no other site may read answers.
      expect(headers.has("strict-transport-security")).toBe(false);
      expect(headers.has("access-control-allow-origin")).toBe(false);
    }
    const page = await fetch(`${url}/v1.0alpha/documentation`);
    expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
  });
});
