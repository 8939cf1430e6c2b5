import { once } from "node:events";
import { connect } from "node:net";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createApi } from "../../src/api/app.ts";
import { publicRoute } from "../../src/api/route.ts";
import { routes } from "../../src/api/routes.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";
import type { OpenApiDocument } from "./document.ts";

let app: TestApp;
let url: string;
let document: OpenApiDocument;
beforeAll(async () => {
  app = await createTestApp();
  ({ url } = await app.server.listen());
  document = (await app.request("GET", "/openapi.json", { token: null })).json<OpenApiDocument>();
});
afterAll(() => app.close());

test("the document is a valid OpenAPI 3.1 document", async () => {
  const validator = new Validator();
  expect(await validator.validate({ ...structuredClone(document) })).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
});

test("it has every endpoint, each with a unique id and an answer", () => {
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(routes.length);
  for (const operation of operations) {
    expect(operation.summary).toMatch(/^[A-Z].*\.$/);
    expect(operation.responses["200"]).toBeDefined();
    expect(operation.responses["500"]).toBeDefined();
  }
});

test.each([
  ["a defect", new Error("some mistake")],
  ["no database", Object.assign(new Error("connect"), { code: "ECONNREFUSED" })],
  ["no space", Object.assign(new Error("write"), { code: "ENOSPC" })],
])("a 500 has the documented texts: %s", async (_, error) => {
  const failing = publicRoute({
    method: "GET",
    path: "/failing",
    summary: "",
    input: z.object({}),
    output: z.object({}),
    handler: () => Promise.reject(error),
  });
  const response = await createApi(app.app, [failing]).fetch(new Request("http://test/v1.0alpha/failing"));
  const text = await response.text();
  expect(response.status).toBe(500);
  expect(response.headers.has("retry-after")).toBe(text !== "");
  expect(document.components.responses.InternalError.content["text/plain"].schema.enum).toContain(text);
});

test("only the login and the document itself need no token", () => {
  const open = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { security }]) => security !== undefined)
      .map(([method]) => `${method} ${path}`),
  );
  expect(open.sort()).toEqual(["get /openapi.json", "post /token"]);
  expect(document.security).toEqual([{ token: [] }]);
});

test("it documents what the server checks", () => {
  const { post } = document.paths["/dataset/upload/mnist"] as OpenApiDocument["paths"][string];
  const schema = post?.requestBody?.content["application/json"].schema;
  expect(schema).toMatchObject({
    required: ["name", "input_data_size", "label_data_size"],
    additionalProperties: false,
    properties: { input_data_size: { type: "integer", minimum: 1, maximum: 10_000_000_000 } },
  });
  const get = document.paths["/dataset/content"]?.["get"];
  expect(get?.parameters?.map(({ name, required }) => [name, required])).toEqual([
    ["uuid", true],
    ["column_name", true],
    ["row_offset", false],
    ["number_of_rows", false],
  ]);
  const texts = Object.values(get?.responses["404"]?.content?.["text/plain"]?.examples ?? {});
  expect(texts.map(({ value }) => value)).toContain("Dataset with uuid '{uuid}' not found");
});

test("the reference page and everything that it loads come from the server itself", async () => {
  const page = await fetch(`${url}/v1.0alpha/documentation`);
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(page.headers.get("content-security-policy")).toContain("default-src 'self'");
  const html = await page.text();
  const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
  expect(links.length).toBe(4);
  for (const link of links) {
    const file = await fetch(new URL(link, `${url}/v1.0alpha/documentation`));
    expect([link, file.status]).toEqual([link, 200]);
    expect((await file.arrayBuffer()).byteLength).toBeGreaterThan(100);
  }
  const start = await (await fetch(`${url}/v1.0alpha/documentation/start.js`)).text();
  expect(start).toContain("validatorUrl: null");
  expect(start).toContain('url: "openapi.json"');
});

test.each([
  ["GET", "/v1.0alpha/documentation/", 401, "Failed to validate JWT-Token with error: invalid token supplied"],
  ["GET", "/v1.0alpha/documentation/index.js", 401, "Failed to validate JWT-Token with error: invalid token supplied"],
  ["GET", "/v1.0alpha/documentation/../token", 400, ""],
  ["GET", "/x/../v1.0alpha/documentation", 400, ""],
  ["DELETE", "/v1.0alpha/documentation", 401, "Failed to validate JWT-Token with error: invalid token supplied"],
  ["GET", "/v1.0alpha/documentation/api/rest", 401, "Failed to validate JWT-Token with error: invalid token supplied"],
])("the page does not change what clients get: %s %s", async (method, path, status, text) => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => (answer += chunk));
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
  await once(socket, "end");
  expect(answer.split(" ")[1]).toBe(String(status));
  expect(answer.split("\r\n\r\n")[1]).toBe(text);
});

test("a query does not confuse the page, and HEAD stays refused", async () => {
  expect((await fetch(`${url}/v1.0alpha/documentation?x=1`)).status).toBe(200);
  expect((await fetch(`${url}/v1.0alpha/documentation`, { method: "HEAD" })).status).toBe(400);
});
