import { createHash } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeCluster } from "../support/compute.ts";
import { makeKey, outcome, type MadeKey } from "../support/api-keys.ts";
import { base64, createTestApp, databases, testPassphrase, type TestApp } from "../support/test-app.ts";

const refused = "An API key can neither manage API keys nor get tokens.";
const unknown = "Failed to validate API key with error: unknown or revoked";

describe.each(databases)("API keys on $name", (database) => {
  let app: TestApp;
  let token: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    token = await app.addUser({ id: "maker", projectId: "first_project" });
  });
  afterAll(() => app.close());

  const listOf = async (given: string, query = {}) =>
    (await app.request("GET", "/token/key/all", { token: given, query })).json<{
      header: string[];
      body: string[][];
    }>();

  test("a key works like a token of its user; the database has its hash, and no answer but the first has the key", async () => {
    const made = await makeKey(app, token, { name: "my service" });
    expect(made).toEqual({
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: "my service",
      key: expect.stringMatching(/^hanami_[A-Za-z0-9_-]{43}$/),
      project_id: "first_project",
      owner_id: "maker",
      role: "member",
      created_at: expect.any(String),
      expires_at: expect.any(String),
    });
    expect(Date.parse(`${made.expires_at}Z`) - Date.parse(`${made.created_at}Z`)).toBeLessThanOrEqual(3_601_000);
    expect(Date.parse(`${made.expires_at}Z`) - Date.parse(`${made.created_at}Z`)).toBeGreaterThan(3_590_000);
    expect((await listOf(token)).body[0]?.[6]).toBe("-");

    const cluster = await makeCluster(app, { name: "by key", token: made.key });
    expect((await app.request("GET", "/cluster", { token, query: { uuid: cluster } })).json()).toMatchObject({
      owner_id: "maker",
      project_id: "first_project",
    });
    const { header, body } = await listOf(token);
    expect(header.join()).toBe("created_at,uuid,project_id,owner_id,role,expires_at,last_used_at,name");
    const { created_at, uuid, expires_at } = made;
    const used = body[0]?.[6];
    expect(body).toEqual([[created_at, uuid, "first_project", "maker", "member", expires_at, used, "my service"]]);
    expect(Math.abs(Date.parse(`${used}Z`) - Date.now())).toBeLessThan(60_000);

    const stored = JSON.stringify(await app.app.db.execute(sql`select to_jsonb(api_keys) as row from api_keys`));
    expect(stored).toContain(createHash("sha256").update(made.key).digest("hex"));
    expect(stored).not.toContain(made.key.slice(7));
  });

  test("members see their own keys in all projects, project administrators those of the project, administrators all", async () => {
    const project_id = "seen_project";
    const chief = await app.addUser({ id: "seen_chief", projectId: project_id, isProjectAdmin: true });
    const member = await app.addUser({ id: "seen_member", projectId: project_id });
    const stranger = await app.addUser({ id: "seen_stranger", projectId: "other_project" });
    await app.request("POST", "/user/project", {
      body: { id: "seen_chief", project_id: "other_project", role: "member" },
    });
    const ofMember = await makeKey(app, member);
    const ofChief = await makeKey(app, chief);
    const elsewhere = await makeKey(app, chief, { project_id: "other_project" });
    const ofStranger = await makeKey(app, stranger);
    const ofAdmin = await makeKey(app, app.token);
    const all: [MadeKey, string][] = [
      [ofMember, "member"],
      [ofChief, "chief"],
      [elsewhere, "elsewhere"],
      [ofStranger, "stranger"],
      [ofAdmin, "admin"],
    ];
    const titles = new Map(all.map(([{ uuid }, title]) => [uuid, title]));
    const seenBy = async (who: string) => {
      const { body } = await listOf(who);
      return body.map((row) => titles.get(row[1] as string)).filter((title) => title !== undefined);
    };
    expect(await seenBy(member)).toEqual(["member"]);
    expect(await seenBy(chief)).toEqual(["member", "chief", "elsewhere"]);
    expect(await seenBy(stranger)).toEqual(["stranger"]);
    expect(await seenBy(app.token)).toEqual(["member", "chief", "elsewhere", "stranger", "admin"]);
    const pages = [
      (await listOf(chief, { page: 0, limit: 2 })).body,
      (await listOf(chief, { page: 1, limit: 2 })).body,
    ];
    expect(pages.map((rows) => rows.map((row) => titles.get(row[1] as string)))).toEqual([
      ["member", "chief"],
      ["elsewhere"],
    ]);

    // What one does not see, one cannot revoke.
    const revoke = (who: string, { uuid }: MadeKey) =>
      outcome(app, "DELETE", "/token/key", { token: who, query: { uuid: uuid.toUpperCase() } });
    const gone = ({ uuid }: MadeKey) => [404, `API key with uuid '${uuid.toUpperCase()}' not found`];
    expect(await revoke(member, ofChief)).toEqual(gone(ofChief));
    expect(await revoke(stranger, elsewhere)).toEqual(gone(elsewhere));
    expect(await revoke(chief, ofStranger)).toEqual(gone(ofStranger));
    expect(await revoke(chief, ofMember)).toEqual([200, "{}"]);
    expect(await revoke(member, ofMember)).toEqual(gone(ofMember));
    expect(await revoke(app.token, ofStranger)).toEqual([200, "{}"]);
    for (const { key } of [ofMember, ofStranger]) {
      expect(await outcome(app, "GET", "/host/all", { token: key })).toEqual([401, unknown]);
    }
    expect((await app.request("GET", "/host/all", { token: elsewhere.key })).status).toBe(200);
  });

  test("a user has each name once, and at most 100 keys, also when many are made at once", async () => {
    const full = await app.addUser({ id: "full_user", projectId: "full_project" });
    const make = (name: string, given = full) =>
      outcome(app, "POST", "/token/key", { token: given, body: { name, expires_in: 60 } });
    const statuses = await Promise.all(Array.from({ length: 104 }, (_, nth) => make(`service ${nth}`)));
    const text = "You have 100 API keys, which is the limit: revoke one.";
    expect(statuses.filter(([status]) => status === 200)).toHaveLength(100);
    expect(statuses.filter(([status]) => status !== 200)).toEqual(Array.from({ length: 4 }, () => [409, text]));

    const { body } = await listOf(full);
    const name = body[0]?.[7] as string;
    await app.request("DELETE", "/token/key", { token: full, query: { uuid: body[0]?.[1] as string } });
    const again = await Promise.all([make(name), make(name)]);
    expect(new Set(again.map(([status]) => status))).toEqual(new Set([200, 409]));
    // Another user's names are free.
    const other = await app.addUser({ id: "other_user", projectId: "full_project" });
    expect((await make(name, other))[0]).toBe(200);
    expect(await make(name, other)).toEqual([409, `API key with name '${name}' already exist.`]);
  });

  test("a key makes neither keys nor tokens, whatever its role, and sees and revokes none", async () => {
    for (const maker of [token, app.token]) {
      const { key, uuid, project_id } = await makeKey(app, maker);
      const attempts = [
        ["POST", "/token/key", { body: { name: "another key", expires_in: 3600 } }],
        ["GET", "/token/key/all", {}],
        ["DELETE", "/token/key", { query: { uuid } }],
        ["PUT", "/token", { body: { project_id } }],
        ["POST", "/user/project", { body: { project_id } }],
      ] as const;
      for (const [method, path, options] of attempts) {
        expect([path, await outcome(app, method, path, { token: key, ...options })]).toEqual([path, [401, refused]]);
      }
    }
    // A login needs the passphrase, and no key helps.
    const { key } = await makeKey(app, token);
    const login = (passphrase: string) =>
      app.request("POST", "/token", { token: key, body: { id: "maker", passphrase: base64(passphrase) } });
    expect((await login(key)).status).toBe(401);
    expect((await login(testPassphrase)).status).toBe(200);
  });
});

describe("what is no key", () => {
  let app: TestApp;
  let key: string;
  beforeAll(async () => {
    app = await createTestApp();
    ({ key } = await makeKey(app, app.token));
  });
  afterAll(() => app.close());

  test.each([
    ["one that was never made", () => `hanami_${"A".repeat(43)}`],
    ["one with another last letter", () => key.slice(0, -1) + (key.endsWith("A") ? "B" : "A")],
    ["other capitals", () => key.toUpperCase().replace("HANAMI_", "hanami_")],
    ["a shorter one", () => key.slice(0, -1)],
    ["a longer one", () => `${key}A`],
    ["the prefix", () => "hanami_"],
    ["the hash", () => `hanami_${createHash("sha256").update(key).digest("hex")}`],
    ["ten million letters", () => `hanami_${"A".repeat(10_000_000)}`],
    ["SQL", () => "hanami_' or true --"],
  ])("%s", async (_title, text) => {
    expect(await outcome(app, "GET", "/host/all", { token: text() })).toEqual([401, unknown]);
  });

  test("a key counts in its header only: neither in the URL, nor in the body, nor as a bearer", async () => {
    const noToken = [401, "Failed to validate JWT-Token with error: invalid token supplied"];
    for (const name of ["token", "key", "X-Auth-Token"]) {
      expect(await outcome(app, "GET", "/host/all", { token: null, query: { [name]: key } })).toEqual(noToken);
    }
    expect(await outcome(app, "POST", "/cluster", { token: null, body: { token: key, key } })).toEqual(noToken);
    const headers = { Authorization: `Bearer ${key}` };
    const answer = await app.server.fetch(new Request("http://test/v1.0alpha/host/all", { headers }));
    expect([answer.status, await answer.text()]).toEqual(noToken);
  });

  test.each([
    [{ expires_in: 59 }, "item 'expires_in'"],
    [{ expires_in: 315_360_001 }, "item 'expires_in'"],
    [{ expires_in: 1e300 }, "item 'expires_in'"],
    [{ expires_in: "3600" }, "item 'expires_in'"],
    [{ name: "?" }, "name"],
    [{ key: `hanami_${"A".repeat(43)}` }, "key"],
    [{ role: "typo" }, "No policy names the role 'typo'."],
  ])("%o is refused", async (more, text) => {
    const body = { name: "some name", expires_in: 3600, ...more };
    const answer = await app.request("POST", "/token/key", { body });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(text)]);
  });
});
