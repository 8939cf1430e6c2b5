import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Config } from "../../src/server/config.ts";
import { announceCsv, openUpload } from "../api/dataset-support.ts";
import { adminId, createTestApp, type TestApp } from "../support/test-app.ts";

const [first, second] = ["first key ".repeat(5), "second key".repeat(5)];

let app: TestApp;
let url: string;
let file: (name: string) => string;
beforeAll(async () => {
  app = await createTestApp({ config: { tokenKey: first } });
  ({ url } = await app.server.listen());
  file = (name) => join(app.dataDir, name);
  await writeFile(file("first.key"), first, { mode: 0o600 });
  await writeFile(file("second.key"), second, { mode: 0o600 });
});
afterAll(() => app.close());

const reload = (settings: Partial<Config>) => app.server.reload({ ...app.app.config, ...settings });
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());
const ask = async (token: string) => {
  const { status, text } = await app.request("GET", "/project/all", { token });
  return status === 200 ? 200 : text;
};
const invalid = (reason: string) => `Failed to validate JWT-Token with error: ${reason}`;
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const sign = (header: object, payload: string, key: string) => {
  const content = `${encode(header)}.${payload}`;
  return `${content}.${createHmac("sha256", key).update(content).digest("base64url")}`;
};

test("a key is replaced without ending any session, and removed", async () => {
  const old = await app.login(adminId);
  expect(headerOf(old)).toEqual({ alg: "HS256", typ: "JWT" });
  const { uuid_input_file } = await announceCsv(app, 10);
  const socket = await openUpload(url, old, uuid_input_file);

  await reload({ tokenKey: undefined, tokenKeyFile: file("second.key"), tokenOldKeyFiles: [file("first.key")] });
  const fresh = await app.login(adminId);
  expect(headerOf(fresh)).toEqual({ alg: "HS256", typ: "JWT", kid: expect.stringMatching(/^[0-9a-f]{16}$/) });
  expect([await ask(old), await ask(fresh)]).toEqual([200, 200]);
  expect(await socket.put(0, Buffer.from("a"))).toMatchObject({ success: true });
  // Only the new key signs; the old one still verifies.
  const renewed = await app.request("PUT", "/token", { token: old, body: { project_id: "admin" } });
  expect(headerOf(renewed.json<{ token: string }>().token)).toEqual(headerOf(fresh));

  await reload({ tokenKey: undefined, tokenKeyFile: file("second.key"), tokenOldKeyFiles: [] });
  expect([await ask(old), await ask(fresh)]).toEqual([invalid("invalid signature"), 200]);
  // The removed key takes its open connections with it.
  expect(await socket.closed()).toBe(1008);
  expect(headerOf(await app.login(adminId))).toEqual({ alg: "HS256", typ: "JWT" });
});

test("a header cannot choose more than one of the accepted keys", async () => {
  await reload({ tokenKey: second, tokenOldKeyFiles: [file("first.key")] });
  const token = await app.login(adminId);
  const payload = token.split(".")[1] as string;
  const { kid } = headerOf(token) as { kid: string };
  const header = { alg: "HS256", typ: "JWT" };
  expect(await ask(sign(header, payload, first))).toBe(200);
  expect(await ask(sign({ ...header, kid }, payload, second))).toBe(200);
  expect(await ask(sign({ ...header, kid: "unknown" }, payload, second))).toBe(200);
  expect(await ask(sign({ ...header, kid }, payload, first))).toBe(invalid("invalid signature"));
  for (const wrong of ["../../etc/passwd", file("first.key"), "", 5, null, {}]) {
    expect(await ask(sign({ ...header, kid: wrong }, payload, "not a key"))).toBe(invalid("invalid signature"));
  }
  for (const foreign of [{ jku: `${url}/keys` }, { jwk: { kty: "oct", k: encode("x") } }, { x5u: url }]) {
    expect(await ask(sign({ ...header, ...foreign }, payload, "x"))).toBe(invalid("invalid signature"));
  }
  expect(await ask(sign({ ...header, crit: ["b64"], b64: false }, payload, second))).toBe(
    invalid("invalid token supplied"),
  );
});

test("an unusable configuration changes nothing", async () => {
  const token = await app.login(adminId);
  await expect(reload({ tokenKey: "short" })).rejects.toThrow("at least 32 are needed");
  await expect(reload({ tls: { certFile: file("no"), keyFile: file("no") } })).rejects.toThrow("a restart only");
  expect(await ask(token)).toBe(200);
});
