import { writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { verifyWebhook } from "hanami-sdk";
import { expect, test } from "vitest";
import { parseConfig } from "../../src/server/config.ts";
import { isBelow, plainUrl } from "../../src/server/plain-url.ts";
import { postJson } from "../../src/webhooks/post-json.ts";
import { loadReceivers } from "../../src/webhooks/receivers.ts";
import { RETRY_MS_MAX, retryMs, TRIES_MAX } from "../../src/webhooks/retry.ts";
import { sign } from "../../src/webhooks/sign.ts";
import { temporaryFolder } from "../datasets/support.ts";
import { Receiver } from "../support/receiver.ts";

const secret = "s".repeat(32);

test("a URL is below a prefix from one segment to the next, on the same server", () => {
  const is = (prefix: string, text: string) => isBelow([prefix], plainUrl(text) as URL);
  const prefix = "https://example.com:8443/a/b";
  expect(is(prefix, prefix)).toBe(true);
  expect(is(prefix, `${prefix}/`)).toBe(true);
  expect(is(prefix, `${prefix}/c/d?e=f&g=%2F..`)).toBe(true);
  expect(is(prefix, `${prefix}?c`)).toBe(true);
  expect(is(`${prefix}/`, `${prefix}/c`)).toBe(true);
  expect(is("https://example.com/", "https://example.com")).toBe(true);
  expect(is("https://example.com/", "https://example.com/a")).toBe(true);
  for (const other of [
    `${prefix}c`,
    "https://example.com:8443/a",
    "https://example.com:8443/",
    "https://example.com/a/b",
    "http://example.com:8443/a/b",
    "https://example.com.:8443/a/b",
    "https://x.example.com:8443/a/b",
  ])
    expect([other, is(prefix, other)]).toEqual([other, false]);
  expect(is(`${prefix}/`, prefix)).toBe(false);
});

test("retries begin after a second, are ten minutes apart at last, and end after about a day", () => {
  const delays = (random: number) => Array.from({ length: TRIES_MAX - 1 }, (_, index) => retryMs(index + 1, random));
  const middle = delays(0.5);
  expect(middle.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(middle.at(-1)).toBe(600_000);
  const hours = middle.reduce((sum, ms) => sum + ms, 0) / 3_600_000;
  expect([hours > 23, hours < 25]).toEqual([true, true]);
  expect(Math.max(...delays(1))).toBe(RETRY_MS_MAX);
  expect(Math.min(...delays(0))).toBe(750);
});

test("a post without an answer ends in time, and at once when it is broken off", async () => {
  const receiver = await Receiver.open();
  receiver.answer = () => {};
  const what = { body: "{}", headers: {} };
  const stop = new AbortController();
  const never = { timeoutMs: 60_000, signal: stop.signal };
  await expect(postJson(new URL(receiver.url), what, { ...never, timeoutMs: 20 })).rejects.toThrow(
    "no answer in 20 ms",
  );
  const broken = postJson(new URL(receiver.url), what, never);
  stop.abort();
  await expect(broken).rejects.toThrow("aborted");
  await receiver.close();
  const { signal } = new AbortController();
  await expect(postJson(new URL(receiver.url), what, { ...never, signal })).rejects.toThrow("ECONNREFUSED");
});

test("what is no HTTP, and endless headers, are failures", async () => {
  const answers = ["nonsense\r\n\r\n", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(1_000_000)}`, ""];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(answers.shift() ?? "");
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const { signal } = new AbortController();
  while (answers.length > 0) {
    const posted = postJson(url, { body: "{}", headers: {} }, { timeoutMs: 10_000, signal });
    await expect(posted).rejects.toThrow(Error);
  }
  server.close();
});

test("a signature is valid for its body, secret and time", async () => {
  const body = '{"größe":"🌸"}';
  const now = Math.floor(Date.now() / 1000);
  const header = sign(secret, body, now);
  expect(header).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
  const check = (more: object) => verifyWebhook({ body, header, secret, ...more });
  expect(await check({})).toBe(true);
  expect(await check({ body: new TextEncoder().encode(body) })).toBe(true);
  expect(await check({ body: body.replace("g", "G") })).toBe(false);
  expect(await check({ secret: "t".repeat(32) })).toBe(false);
  expect(await check({ header: header.replace(/t=\d+/, `t=${now + 1}`) })).toBe(false);
  for (const wrong of ["", "t=,v1=", header.slice(0, -1), header.toUpperCase(), `${header},v1=0`, `t=1e9,${header}`]) {
    expect([wrong, await check({ header: wrong })]).toEqual([wrong, false]);
  }
  for (const seconds of [now - 301, now + 310]) {
    const old = sign(secret, body, seconds);
    expect(await check({ header: old })).toBe(false);
    expect(await check({ header: old, toleranceSeconds: 320 })).toBe(true);
    expect(await check({ header: old, toleranceSeconds: NaN })).toBe(false);
  }
});

test("a list of receivers needs one secret, from the settings or a file", async () => {
  const HANAMI_WEBHOOK_URLS = "https://example.com/hooks";
  const file = join(await temporaryFolder(), "secret");
  expect(await loadReceivers(parseConfig({}))).toBeUndefined();
  expect(() => parseConfig({ HANAMI_WEBHOOK_URLS })).toThrow(
    "needs HANAMI_WEBHOOK_SECRET or HANAMI_WEBHOOK_SECRET_FILE",
  );
  const both = { HANAMI_WEBHOOK_URLS, HANAMI_WEBHOOK_SECRET: secret, HANAMI_WEBHOOK_SECRET_FILE: file };
  expect(() => parseConfig(both)).toThrow("which of them?");
  const inFile = parseConfig({ HANAMI_WEBHOOK_URLS, HANAMI_WEBHOOK_SECRET_FILE: file });
  await expect(loadReceivers(inFile)).rejects.toThrow(`The webhook secret file ${file} cannot be read`);
  await writeFile(file, `${secret.slice(1)}\n`);
  await expect(loadReceivers(inFile)).rejects.toThrow("has 31 characters, but 32 to 1024 are needed");
  await writeFile(file, `${secret}\n`);
  expect(await loadReceivers(inFile)).toEqual({ urls: [HANAMI_WEBHOOK_URLS], secret });
  const inSettings = parseConfig({ HANAMI_WEBHOOK_URLS, HANAMI_WEBHOOK_SECRET: secret });
  expect(await loadReceivers(inSettings)).toEqual({ urls: [HANAMI_WEBHOOK_URLS], secret });
});
