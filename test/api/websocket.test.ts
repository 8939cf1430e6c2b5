import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { attachWebSockets } from "../../src/api/websocket/server.ts";
import type { SocketPeer, SocketTarget } from "../../src/api/websocket/target.ts";
import { badRequest, notFound } from "../../src/errors.ts";
import { createTestApp, type TestApp } from "../support/test-app.ts";

const known = "0c55b987-7ca5-4213-ba62-87c5430b7a3b";
const broken = "1c55b987-7ca5-4213-ba62-87c5430b7a3b";
/** The user is removed while this one is being opened. */
const slow = "3c55b987-7ca5-4213-ba62-87c5430b7a3b";
const unknown = "2c55b987-7ca5-4213-ba62-87c5430b7a3b";

/** Echoes; records how many messages were processed concurrently, and which sessions ended. */
function createEcho() {
  const state = {
    active: 0,
    activeMax: 0,
    received: 0,
    ended: [] as string[],
    peers: [] as SocketPeer[],
    whileOpening: async () => {},
  };
  const target: SocketTarget = {
    async open({ caller }, uuid, peer) {
      if (uuid === unknown) throw notFound(`Tempfile with UUID '${uuid}' not found`);
      if (uuid === broken) throw new Error("the disk is on fire");
      if (uuid === slow) await state.whileOpening();
      state.peers.push(peer);
      return {
        async message(bytes) {
          state.active += 1;
          state.activeMax = Math.max(state.activeMax, state.active);
          state.received += 1;
          await new Promise((resolve) => setImmediate(resolve));
          const text = Buffer.from(bytes).toString();
          state.active -= 1;
          if (text === "refuse") throw badRequest("x".repeat(100) + "桜".repeat(50));
          if (text === "fail") throw new Error("a defect");
          peer.send(bytes);
        },
        async close() {
          state.ended.push(caller.userId);
        },
      };
    },
  };
  return { state, target };
}

/** A client that keeps received messages until the test reads them. */
async function openClient(url: string) {
  const socket = new WebSocket(url);
  const arrived: { data: Buffer; isBinary: boolean }[] = [];
  let wake = () => {};
  socket.on("message", (data, isBinary) => {
    arrived.push({ data: data as Buffer, isBinary });
    wake();
  });
  const closed = once(socket, "close").then(([code, reason]) => ({ code: code as number, reason: String(reason) }));
  await once(socket, "open");
  async function next() {
    while (arrived.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return arrived.shift() as { data: Buffer; isBinary: boolean };
  }
  return {
    socket,
    closed,
    next,
    send: (data: string | Buffer | object) =>
      socket.send(typeof data === "string" || Buffer.isBuffer(data) ? data : JSON.stringify(data)),
    async ask(data: string | Buffer | object) {
      this.send(data);
      const { data: answer, isBinary } = await next();
      expect(isBinary).toBe(true);
      return JSON.parse(answer.toString()) as Record<string, unknown>;
    },
  };
}

describe("websockets", () => {
  let app: TestApp;
  let http: Server;
  let url: string;
  const { state, target } = createEcho();
  let sockets: ReturnType<typeof attachWebSockets>;
  beforeAll(async () => {
    app = await createTestApp();
    http = createServer();
    sockets = attachWebSockets(app.app, http, new Map([["file_upload", { noun: "Tempfile", target }]]));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    url = `ws://127.0.0.1:${(http.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await sockets.close();
    await new Promise((resolve) => http.close(resolve));
    await app.close();
  });

  const hello = (over: object = {}) => ({ token: app.token, target: "file_upload", uuid: known, ...over });
  const greeted = { success: true, uuid: expect.stringMatching(/^[0-9a-f-]{36}$/) };

  test("any path, text or binary: the answer is a binary frame with a new connection id", async () => {
    const ids = new Set<unknown>();
    for (const path of ["/", "/some/path?x=1"]) {
      for (const message of [JSON.stringify(hello()), Buffer.from(JSON.stringify(hello()))]) {
        const client = await openClient(url + path);
        const answer = await client.ask(message);
        expect(answer).toEqual(greeted);
        ids.add(answer["uuid"]);
        client.socket.close();
        await client.closed;
      }
    }
    expect(ids.size).toBe(4);
  });

  test("after a refused first message the client may try again on the same socket", async () => {
    const client = await openClient(url);
    const refused = (error: unknown) => ({ success: false, error });
    const text = expect.any(String);
    expect(await client.ask("{")).toEqual(refused(expect.stringMatching(/^json-parser error: ./)));
    expect(await client.ask("")).toEqual(refused(expect.stringMatching(/^json-parser error: ./)));
    expect(await client.ask(Buffer.from([0xff, 0xfe]))).toEqual(
      refused(expect.stringMatching(/^json-parser error: ./)),
    );
    expect(await client.ask(" ".repeat(100_000))).toEqual(refused("json-parser error: more than 65536 bytes"));
    for (const wrong of ["[]", "null", "1", "{}", hello({ token: 5 }), hello({ uuid: undefined })]) {
      expect(await client.ask(wrong)).toEqual(refused(text));
    }
    expect(await client.ask(hello({ token: "abc" }))).toEqual(refused("Token invalid"));
    expect(await client.ask(hello({ token: `${app.token}x` }))).toEqual(refused("Token invalid"));
    expect(await client.ask(hello({ target: "nothing" }))).toEqual(refused(""));
    expect(await client.ask(hello({ target: "__proto__" }))).toEqual(refused(""));
    for (const uuid of [unknown, "no uuid", "'; drop table users", ""]) {
      expect(await client.ask(hello({ uuid }))).toEqual(refused(`Tempfile with UUID '${uuid}' not found`));
    }
    expect(await client.ask(hello({ uuid: broken }))).toEqual(refused(""));
    expect(await client.ask(hello())).toEqual(greeted);
    client.socket.close();
    await client.closed;
    const errors = (await app.request("GET", "/error_log?page=0")).json<{ body: unknown[][] }>();
    expect(errors.body.map((row) => [row[2], row[3]])).toContainEqual([
      "websocket",
      expect.stringMatching(/^handshake, request [0-9a-f-]{36}\/\d+$/),
    ]);
  });

  test("megabytes of an unauthenticated client are not buffered, neither at first nor after a refusal", async () => {
    for (const first of [[], [hello({ token: "abc" })]]) {
      const client = await openClient(url);
      for (const message of first) await client.ask(message);
      // The first frame of a message whose rest never arrives.
      client.socket.send(Buffer.alloc(4_000_000), { fin: false });
      expect(await client.closed).toEqual({
        code: 1009,
        reason: "more than 131072 bytes before the initial message",
      });
    }
    const client = await openClient(url);
    await client.ask(hello());
    const message = Buffer.alloc(4_000_000, 120);
    client.send(message);
    expect((await client.next()).data.equals(message)).toBe(true);
    client.socket.close();
    await client.closed;
  });

  test("messages are processed one after another, in order, however fast they arrive", async () => {
    const client = await openClient(url);
    await client.ask(hello());
    state.activeMax = 0;
    const texts = Array.from({ length: 500 }, (_, index) => `message ${index}`);
    for (const text of texts) client.send(Buffer.from(text));
    const answers: string[] = [];
    for (let index = 0; index < texts.length; index++) answers.push((await client.next()).data.toString());
    expect(answers).toEqual(texts);
    expect(state.activeMax).toBe(1);
    client.socket.close();
    await client.closed;
  });

  test("a session's own refusal closes with the reason, a defect with 1011; other sessions are not affected", async () => {
    const bystander = await openClient(url);
    await bystander.ask(hello());
    for (const [text, code, reason] of [
      ["refuse", 1008, /^x{100}桜{7}$/],
      ["fail", 1011, /^internal error$/],
    ] as const) {
      const client = await openClient(url);
      await client.ask(hello());
      client.send(text);
      const closed = await client.closed;
      expect(closed.code).toBe(code);
      expect(closed.reason).toMatch(reason);
    }
    bystander.send("still here");
    expect((await bystander.next()).data.toString()).toBe("still here");
    bystander.socket.close();
    await bystander.closed;
  });

  test("messages of more than 16 MiB and broken frames end only their connection", async () => {
    const client = await openClient(url);
    await client.ask(hello());
    client.socket.on("error", () => {});
    client.socket.send(Buffer.alloc(16 * 1024 * 1024 + 1));
    expect((await client.closed).code).toBe(1009);

    const raw = connect(Number(new URL(url).port), "127.0.0.1");
    raw.write(
      "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    await once(raw, "data");
    raw.write(Buffer.from([0xff, 0xff, 0xff, 0xff]));
    raw.resume();
    await once(raw, "end");
    raw.destroy();

    const next = await openClient(url);
    expect(await next.ask(hello())).toEqual(greeted);
    next.socket.terminate();
    await next.closed;
  });

  test("connections end with the user and with the assignment", async () => {
    const members: { id: string; end: () => Promise<unknown> }[] = [
      { id: "leaver", end: () => app.request("DELETE", "/user", { query: { id: "leaver" } }) },
      {
        id: "mover",
        end: () => app.request("DELETE", "/user/project", { query: { id: "mover", project_id: "some_project" } }),
      },
    ];
    const admin = await openClient(url);
    await admin.ask(hello());
    for (const { id, end } of members) {
      const token = await app.addUser({ id, projectId: "some_project" });
      const client = await openClient(url);
      expect(await client.ask(hello({ token }))).toEqual(greeted);
      await end();
      expect((await client.closed).code).toBe(1008);
      const again = await openClient(url);
      expect(await again.ask(hello({ token }))).toEqual({ success: false, error: "Token invalid" });
      again.socket.close();
    }
    admin.send("untouched");
    expect((await admin.next()).data.toString()).toBe("untouched");
    admin.socket.close();
    await admin.closed;
  });

  test("a user who is removed while the socket is being opened gets no connection", async () => {
    const token = await app.addUser({ id: "hasty", projectId: "some_project" });
    state.whileOpening = async () => {
      (await app.request("DELETE", "/user", { query: { id: "hasty" } })).json();
    };
    const client = await openClient(url);
    client.send(hello({ token, uuid: slow }));
    expect(await client.closed).toEqual({ code: 1008, reason: "the user or the assignment was removed" });
    await vi.waitFor(() => expect(state.ended.at(-1)).toBe("hasty"));
  });

  test("when the server stops, clients are notified and every session ends", async () => {
    const client = await openClient(url);
    await client.ask(hello());
    const idle = await openClient(url);
    const before = state.ended.length;
    client.send("last words");
    await client.next();
    await sockets.close();
    expect([(await client.closed).code, (await idle.closed).code]).toEqual([1001, 1001]);
    expect(state.ended.length).toBe(before + 1);
    expect(state.ended.length).toBe(state.peers.length);
  });
});
