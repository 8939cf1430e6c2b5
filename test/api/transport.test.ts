import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createTestApp, type TestApp } from "../support/test-app.ts";

interface Answer {
  status: number | undefined;
  headers: Record<string, unknown>;
  text: string;
}

describe("transport over a real socket", () => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    app = await createTestApp();
    ({ url } = await app.server.listen());
  });
  afterAll(() => app.close());

  /** Sends the path exactly as given, unlike fetch. */
  function send(method: string, path: string, body?: string | Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(url);
      const headers: Record<string, string> = { "X-Auth-Token": app.token };
      // Node would send the body of a GET without its length.
      if (body !== undefined) headers["Content-Length"] = String(Buffer.byteLength(body));
      const outgoing = httpRequest({ hostname, port, method, path, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode, headers: response.headers, text }));
        response.on("error", reject);
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  test.each(["/v1.0alpha/../user/all", "/..", "/v1.0alpha/%2e%2E/x", "/v1.0alpha/user..all", "/a/..?x=1"])(
    "a path with a traversal: %s",
    async (path) => {
      expect(await send("GET", path)).toMatchObject({ status: 400, text: "" });
    },
  );

  test.each(["/", "/v1.0", "/abcd?id=1234567"])("a path that is too short: %s", async (path) => {
    const text = `Failed to pasre uri: ${path.split("?")[0]}`;
    expect(await send("GET", path)).toMatchObject({ status: 400, text });
  });

  test("a path that is just long enough", async () => {
    expect(await send("GET", "/v1.0a")).toMatchObject({ status: 401, text: "Access denied by policy" });
  });

  test.each(["PATCH", "OPTIONS", "TRACE", "PROPFIND"])("method %s", async (method) => {
    const row = `| Error-Message Nr. 0 | Invalid request-method '${method}' |`;
    const border = `+---------------------+-${"-".repeat(row.length - 26)}-+`;
    const { status, headers, text } = await send(method, "/v1.0alpha/project");
    expect([status, headers["content-type"]]).toEqual([400, "text/plain"]);
    expect(text).toBe(`${border}\n${row}\n${border}\n`);
  });

  test("HEAD is refused, without a body", async () => {
    expect(await send("HEAD", "/v1.0alpha/project")).toMatchObject({ status: 400, text: "" });
  });

  test("every answer names the server and has a request id and a length", async () => {
    for (const path of ["/v1.0alpha/user/all", "/v1.0alpha/nothing", "/.."]) {
      const { headers, text } = await send("GET", path);
      expect(headers).toMatchObject({ server: "Hanami", "x-content-type-options": "nosniff" });
      expect(headers["x-request-id"]).toMatch(/^[0-9a-f-]{36}$/);
      expect(headers["content-length"]).toBe(String(Buffer.byteLength(text)));
    }
  });

  test("bodies count whatever their content type, but not for GET and DELETE", async () => {
    const post = await send("POST", "/v1.0alpha/project", '{"id":"some_project","name":"some name"}');
    expect(post.status).toBe(200);
    expect((await send("GET", "/v1.0alpha/project?id=some_project", "[no json")).status).toBe(200);
    expect((await send("DELETE", "/v1.0alpha/project?id=some_project", '{"id":"x"}')).text).toBe("{}");
  });

  test("a body that is too large gets its answer, announced or chunked, and the server continues", async () => {
    const bodyBytesMax = app.app.config.limits.bodyBytes;
    const text = `Request body is bigger than ${bodyBytesMax} bytes.`;
    for (const bytes of [bodyBytesMax + 1, 4 * bodyBytesMax]) {
      expect(await send("POST", "/v1.0alpha/user", Buffer.alloc(bytes, 32))).toMatchObject({ status: 400, text });
    }
    const { hostname, port } = new URL(url);
    const chunked = httpRequest({ hostname, port, method: "POST", path: "/v1.0alpha/user" });
    chunked.on("error", () => {});
    const answered = once(chunked, "response");
    const chunk = Buffer.alloc(65_536, 32);
    for (let sent = 0; sent <= bodyBytesMax; sent += chunk.length) chunked.write(chunk);
    const [response] = await answered;
    expect(response.statusCode).toBe(400);
    response.resume();
    chunked.destroy();
    expect((await send("GET", "/v1.0alpha/user/all")).status).toBe(200);
  });

  test("a request that offers another protocol is answered in HTTP/1.1, repeatedly", async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let answers = "";
    socket.setEncoding("utf8").on("data", (text: string) => (answers += text));
    const answered = (count: number) =>
      vi.waitFor(() => expect(answers.match(/HTTP\/1.1 200 OK[^{]*\{[^}]*"offered"/g)).toHaveLength(count), 20_000);
    const offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA";
    const head = `Host: any\r\nX-Auth-Token: ${app.token}\r\n${offer}`;
    const body = '{"id":"offered","name":"some name"}';
    const post = `POST /v1.0alpha/project HTTP/1.1\r\n${head}\r\nContent-Length: ${body.length}\r\n\r\n`;
    await new Promise<void>((sent) => socket.write(post + body.slice(0, 5), () => sent()));
    socket.write(body.slice(5));
    await answered(1);
    socket.write(`GET /v1.0alpha/project?id=offered HTTP/1.1\r\n${head}\r\n\r\n`);
    await answered(2);
    socket.destroy();
    const websocketByPost = httpRequest({ hostname, port, method: "POST", path: "/v1.0alpha/user" });
    websocketByPost.setHeader("Connection", "Upgrade").setHeader("Upgrade", "websocket").end();
    const [response] = await once(websocketByPost, "response");
    response.resume();
    expect(response.statusCode).toBe(400);
  });

  test("a client that hangs up in the middle of a body leaves nothing in the error log", async () => {
    const { hostname, port } = new URL(url);
    const refused = async () =>
      Number(/method="PUT",route="[^"]*",status="400"\} (\d+)/.exec((await send("GET", "/metrics")).text)?.[1] ?? 0);
    const before = await refused();
    const socket = connect(Number(port), hostname);
    await once(socket, "connect");
    const head = `PUT /v1.0alpha/token HTTP/1.1\r\nHost: any\r\nX-Auth-Token: ${app.token}\r\nContent-Length: 100\r\n\r\n{`;
    await new Promise<void>((sent) => socket.write(head, () => sent()));
    socket.destroy();
    await vi.waitFor(async () => expect(await refused()).toBe(before + 1), 20_000);
    const { body } = (await app.request("GET", "/error_log", { query: { page: 0 } })).json<{ body: unknown[] }>();
    expect(body).toEqual([]);
  });

  test("bytes that are not HTTP do no harm", async () => {
    const { hostname, port } = new URL(url);
    for (const garbage of [
      "\r\n\r\n",
      "GET\r\n\r\n",
      "GET http://[/ HTTP/1.1\r\nHost: x\r\n\r\n",
      "\u0000\u0001\u0002",
    ]) {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      socket.end(garbage);
      socket.resume();
      await once(socket, "close");
    }
    expect((await send("GET", "/v1.0alpha/user/all")).status).toBe(200);
  });

  /** The status of the answer to these lines; undefined if the connection ends without one. */
  async function statusOf(lines: string[]): Promise<number | undefined> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.on("error", () => {}).on("data", (data) => (answer += String(data)));
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    await once(socket, "close");
    return answer === "" ? undefined : Number(answer.split(" ")[1]);
  }

  test.each(["/health", "/ready", "/metrics", "/v1.0alpha/project/all", "/v1.0alpha/documentation"])(
    "HTTP/1.0 without a host, and an absolute URL in the first line: %s",
    async (path) => {
      const token = `X-Auth-Token: ${app.token}`;
      const end = ["Connection: close", token];
      expect(await statusOf([`GET ${path} HTTP/1.0`, token])).toBe(200);
      expect(await statusOf([`GET ${path} HTTP/1.1`, "Host:", ...end])).toBe(200);
      for (const origin of [url, "http://somewhere.else:80", "HTTPS://[::1]", "http://user:secret@host"]) {
        expect(await statusOf([`GET ${origin}${path} HTTP/1.1`, "Host: x", ...end]), origin).toBe(200);
        expect(await statusOf([`GET ${origin}${path} HTTP/1.0`, token]), origin).toBe(200);
      }
    },
  );

  test("a query, a body and a websocket work with an absolute URL, too", async () => {
    const end = ["Host: x", "Connection: close", `X-Auth-Token: ${app.token}`];
    const body = '{"id":"whole_url","name":"some name"}';
    const length = `Content-Length: ${body.length}`;
    const post = ["POST http://host/v1.0alpha/project HTTP/1.1", ...end, length, "", body];
    expect(await statusOf(post)).toBe(200);
    expect(await statusOf(["GET http://host/v1.0alpha/project?id=whole_url HTTP/1.1", ...end])).toBe(200);
    const socket = ["Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="];
    const { hostname, port } = new URL(url);
    const raw = connect(Number(port), hostname);
    raw.write(["GET http://host/ HTTP/1.1", "Host: x", "Connection: Upgrade", ...socket, "", ""].join("\r\n"));
    expect(String((await once(raw, "data"))[0])).toMatch(/^HTTP\/1\.1 101 /);
    raw.destroy();
  });

  test("invalid hosts and targets are refused", async () => {
    const hosts = [
      "a b",
      "[",
      "]",
      "a/b",
      "a?b",
      "a#b",
      "a@b",
      "ä",
      "a:99999",
      "a:-1",
      "a:b",
      "\\",
      "a, b",
      "%",
      "%41",
    ];
    const targets = [
      "http://",
      "http:///health",
      "http://[/health",
      "http://a:99999/health",
      "http://a b/health",
      "ftp://a/health",
      "http://host/v1.0alpha/../project/all",
      "http://host",
      "http://host?/health",
      "http:/health",
      "*",
      "health",
    ];
    for (const path of ["/health", "/v1.0alpha/project/all"]) {
      for (const host of hosts) {
        const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}`, "Connection: close", `X-Auth-Token: ${app.token}`];
        expect(await statusOf(lines), host).toBe(400);
      }
    }
    for (const target of targets) {
      const lines = [`GET ${target} HTTP/1.1`, "Host: x", "Connection: close", `X-Auth-Token: ${app.token}`];
      expect(await statusOf(lines), target).toBe(400);
    }
  });

  test("input that never becomes a request gets a status that clients know", async () => {
    const { hostname, port } = new URL(url);
    const longHeader = `X-Long: ${"x".repeat(100_000)}`;
    const { token } = app;
    const cases = [
      ["GET /v1.0alpha/user/all HTTP/1.1", "Host: x", longHeader],
      ["GET /v1.0alpha/user/all HTTP/1.1"],
      ["GET nothing HTTP/9.9", "Host: x"],
      [
        "GET /v1.0alpha/user/all HTTP/1.1",
        "Host: x",
        "Expect: miracles",
        `X-Auth-Token: ${token}`,
        "Connection: close",
      ],
      ["PUT /v1.0alpha/user HTTP/1.1", "Host: x", "Content-Length: 5", "Content-Length: 6"],
    ];
    const statuses = [];
    for (const lines of cases) {
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      const [answer] = await once(socket, "data");
      socket.destroy();
      statuses.push(Number(String(answer).split(" ")[1]));
    }
    expect(statuses).toEqual([400, 400, 400, 200, 400]);
  });

  test("closing ends idle keep-alive connections and websockets at once", async () => {
    const own = await createTestApp();
    const { url: ownUrl } = await own.server.listen();
    const idle = connect(Number(new URL(ownUrl).port), "127.0.0.1");
    idle.write("GET /v1.0alpha/project/all HTTP/1.1\r\nHost: x\r\n\r\n");
    await once(idle, "data");
    const socket = new WebSocket(ownUrl.replace("http", "ws"));
    await once(socket, "open");
    const ended = Promise.all([once(socket, "close"), once(idle, "close")]);
    idle.resume();
    const startMs = performance.now();
    await own.server.close();
    await own.close();
    expect(performance.now() - startMs).toBeLessThan(4000);
    const [[code]] = await ended;
    expect(code).toBe(1001);
  });
});
