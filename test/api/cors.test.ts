import { connect } from "node:net";
import { Hono } from "hono";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cors } from "../../src/api/cors.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const origin = "https://app.example.org";
const path = "http://test/v1.0alpha/host/all";
const preflight = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-auth-token" };
const names = [
  "Access-Control-Allow-Origin",
  "Access-Control-Allow-Methods",
  "Access-Control-Allow-Headers",
  "Access-Control-Allow-Credentials",
  "Access-Control-Expose-Headers",
  "Vary",
];
const corsOf = (headers: Headers) => names.map((name) => headers.get(name));
const none = names.map(() => null);

describe("pages of other origins", () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await createTestApp({ config: { corsOrigins: [origin, "http://localhost:5173"] } });
  });
  afterAll(() => app.close());

  const ask = (method: string, headers: Record<string, string>, to = path) =>
    app.server.fetch(new Request(to, { method, headers }));

  test.each([origin, "http://localhost:5173"])("a preflight of %s is answered without a token", async (listed) => {
    const answer = await ask("OPTIONS", { Origin: listed, ...preflight });
    expect([answer.status, await answer.text()]).toEqual([204, ""]);
    expect(corsOf(answer.headers)).toEqual([
      listed,
      "GET, POST, PUT, DELETE",
      "X-Auth-Token, Content-Type, Last-Event-ID",
      null,
      null,
      "Origin",
    ]);
  });

  test.each([
    "https://app.example.org.evil.org",
    "https://app.example.org:8443",
    "http://app.example.org",
    "https://example.org",
    "https://APP.example.org",
    "null",
    "*",
    "",
  ])("the origin %j is answered as without the setting, except for Vary", async (foreign) => {
    const refused = await ask("OPTIONS", { Origin: foreign, ...preflight });
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining("'OPTIONS'")]);
    const answer = await ask("GET", { Origin: foreign, "X-Auth-Token": app.token });
    expect(answer.status).toBe(200);
    for (const { headers } of [refused, answer])
      expect(corsOf(headers)).toEqual([null, null, null, null, null, "Origin"]);
  });

  test("answers and errors of every kind can be read, and say when to return", async () => {
    const seen = [origin, null, null, null, "Retry-After, X-Request-Id, Content-Disposition", "Origin"];
    const tokens = { none: {}, wrong: { "X-Auth-Token": "x" }, right: { "X-Auth-Token": app.token } };
    const cases = [
      ["GET", path, tokens.right, 200],
      ["GET", path, tokens.none, 401],
      ["GET", path, tokens.wrong, 401],
      ["GET", `${path}?page=x`, tokens.right, 400],
      ["GET", "http://test/v1.0alpha/openapi.json", tokens.none, 200],
      ["GET", "http://test/v1.0alpha/cluster?uuid=00000000-0000-4000-8000-000000000000", tokens.right, 404],
      // No preflight.
      ["OPTIONS", path, tokens.none, 400],
    ] as const;
    for (const [method, to, token, status] of cases) {
      const answer = await ask(method, { Origin: origin, ...token }, to);
      expect([to, answer.status, corsOf(answer.headers)]).toEqual([to, status, seen]);
    }
  });

  test("what is for the operator stays unreadable for pages", async () => {
    for (const to of ["http://test/metrics", "http://test/health"]) {
      expect(corsOf((await ask("GET", { Origin: origin }, to)).headers)).toEqual(none);
    }
  });

  test("many preflights, and one with a huge body, harm nobody", async () => {
    const { url } = await app.server.listen();
    const socket = connect({ host: "127.0.0.1", port: Number(new URL(url).port) });
    const answers = new Promise<string>((resolve) => {
      let text = "";
      socket.setEncoding("latin1").on("data", (piece: string) => {
        text += piece;
        if (text.split("204 No Content").length > 100) resolve(text);
      });
    });
    const head = `OPTIONS /v1.0alpha/host/all HTTP/1.1\r\nHost: test\r\nOrigin: ${origin}\r\n`;
    socket.write(`${head}Access-Control-Request-Method: POST\r\n\r\n`.repeat(99));
    socket.write(`${head}Access-Control-Request-Method: POST\r\nContent-Length: 1000000000\r\n\r\n`);
    expect(await answers).toContain(`access-control-allow-origin: ${origin}`);
    socket.destroy();
    expect((await app.request("GET", "/host/all")).status).toBe(200);
  });
});

test("without the setting, and with a star", async () => {
  const app = await createTestApp();
  try {
    const answer = await app.server.fetch(
      new Request(path, { method: "OPTIONS", headers: { Origin: origin, ...preflight } }),
    );
    expect([answer.status, corsOf(answer.headers)]).toEqual([400, none]);
  } finally {
    await app.close();
  }
  const hono = new Hono().use(cors(["*"])).all("*", (c) => c.text("answer"));
  const every = await hono.request(path, { method: "OPTIONS", headers: { Origin: "null", ...preflight } });
  expect([every.status, every.headers.get("Access-Control-Allow-Origin")]).toEqual([204, "*"]);
  const read = await hono.request(path, { headers: { Origin: origin } });
  expect(corsOf(read.headers)).toEqual(["*", null, null, null, expect.any(String), null]);
});
