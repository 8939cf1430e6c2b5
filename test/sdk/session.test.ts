import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  BadRequestError,
  ConflictError,
  ConnectionError,
  HanamiClient,
  NotFoundError,
  UnauthorizedError,
} from "hanami-sdk";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

const session = new URL("../../../sdk/dist/session.js", import.meta.url).href;
const { renewalTime } = (await import(session)) as typeof import("../../sdk/src/session.ts");

let app: TestApp;
/** Requested paths, in order. */
let asked: string[] = [];

beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.close());

function client(user = adminId, passphrase = testPassphrase) {
  asked = [];
  return new HanamiClient({
    address: "http://test",
    user,
    passphrase,
    fetch: (input, init) => {
      const request = new Request(input, init);
      asked.push(`${request.method} ${new URL(request.url).pathname.replace("/v1.0alpha", "")}`);
      return app.server.fetch(request);
    },
  });
}

describe("tokens", () => {
  test("one login serves many calls, also concurrent first ones", async () => {
    const hanami = client();
    await Promise.all([hanami.projects.list(), hanami.projects.list()]);
    await hanami.projects.list();
    expect(asked.filter((request) => request === "POST /token")).toHaveLength(1);
  });

  test("a wrong passphrase is reported, and the next call tries again", async () => {
    const hanami = client(adminId, "not the passphrase");
    await expect(hanami.login()).rejects.toThrow(UnauthorizedError);
    await expect(hanami.projects.list()).rejects.toThrow("User or passphrase is incorrect");
    expect(asked).toEqual(["POST /token", "POST /token"]);
  });

  test("a token that the server no longer accepts is renewed once", async () => {
    const hanami = client();
    await hanami.login();
    await rm(app.app.config.tokenKeyFile);
    await app.restart();
    expect(await hanami.projects.list()).toEqual([]);
    expect(asked).toEqual(["POST /token", "GET /project/all", "POST /token", "GET /project/all"]);
  });

  test("a call without the right to it is not tried twice", async () => {
    const admin = client();
    await admin.projects.create({ id: "team_one", name: "Team One" });
    await app.addUser({ id: "member", projectId: "team_one" });
    const member = client("member");
    await expect(member.projects.list()).rejects.toThrow("Access denied by policy");
    expect(asked).toEqual(["POST /token", "GET /project/all"]);
  });

  test("renewal comes before the end of the token, and not at all when the clocks differ", () => {
    const token = (payload: object) => `x.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.y`;
    const now = 1_800_000_000_000;
    expect(renewalTime(token({ exp: now / 1000 + 3600 }), now)).toBe(now + 3_570_000);
    expect(renewalTime(token({ exp: now / 1000 - 100, user: "ü?>" }), now)).toBe(Number.POSITIVE_INFINITY);
    expect(renewalTime(token({}), now)).toBe(Number.POSITIVE_INFINITY);
    expect(renewalTime("opaque", now)).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("API keys", () => {
  const withKey = (key: string) => {
    asked = [];
    const fetch: typeof globalThis.fetch = (input, init) => {
      const request = new Request(input, init);
      asked.push(`${request.method} ${new URL(request.url).pathname.replace("/v1.0alpha", "")}`);
      return app.server.fetch(request);
    };
    return new HanamiClient({ address: "http://test", key, fetch });
  };

  test("are made, listed and revoked; a client with one needs no login, and a refusal is final", async () => {
    const hanami = client();
    const { key, ...made } = await hanami.keys.create({ name: "sdk service", expires_in: 60, role: "member" });
    expect(made).toMatchObject({ name: "sdk service", project_id: "admin", owner_id: adminId, role: "member" });
    const service = withKey(key);
    expect(await service.clusters.list()).toEqual([]);
    await service.request("DELETE", "/cluster").catch(() => {});
    expect(asked).toEqual(["GET /cluster/all", "DELETE /cluster"]);
    const [listed] = await hanami.keys.list({ limit: 1 });
    expect(listed).toEqual({ ...made, last_used_at: expect.stringMatching(/^\d{4}-/) });
    const last = (await hanami.logs.audit({ keys: true })).at(-1);
    expect(last).toMatchObject({ endpoint: "v1.0alpha/cluster", key_uuid: made.uuid, key_name: "sdk service" });

    await hanami.keys.revoke(made.uuid);
    expect(await hanami.keys.list()).toEqual([]);
    asked = [];
    await expect(service.clusters.list()).rejects.toThrow(UnauthorizedError);
    expect(asked).toEqual(["GET /cluster/all"]);
  });

  test("have no login and no other project, and exclude a user", async () => {
    const key = `hanami_${"A".repeat(43)}`;
    const text = "A key needs no login, and works in its own project only.";
    await expect(withKey(key).login()).rejects.toThrow(text);
    await expect(withKey(key).switchProject("research")).rejects.toThrow(text);
    expect(asked).toEqual([]);
    expect(() => withKey("")).toThrow("A key begins with 'hanami_'.");
    expect(() => withKey(`${key}\n`)).toThrow(TypeError);
    const both = { address: "http://test", key, user: adminId } as unknown as { address: string; key: string };
    expect(() => new HanamiClient(both)).toThrow("Either a key, or user and passphrase.");
  });
});

describe("projects and users", () => {
  test("create, read, list, assign, switch, delete", async () => {
    const hanami = client();
    const project = await hanami.projects.create({ id: "research", name: "Research" });
    expect(project).toMatchObject({ id: "research", name: "Research", creator_id: adminId });
    expect(await hanami.projects.get("research")).toEqual(project);
    expect(await hanami.projects.list()).toContainEqual(project);

    const passphrase = "pässphräse & mehr";
    const user = await hanami.users.create({ id: "tsugumi", name: "Tsugumi", passphrase });
    expect(user).toMatchObject({ id: "tsugumi", is_admin: false, projects: [] });
    const assignment = { project_id: "research", role: "member", is_project_admin: true };
    expect((await hanami.users.addProject({ id: "tsugumi", ...assignment })).projects).toEqual([assignment]);
    await hanami.projects.create({ id: "teaching", name: "Teaching" });
    await hanami.users.addProject({ id: "tsugumi", project_id: "teaching", role: "member" });
    expect((await hanami.users.list()).map(({ id }) => id)).toContain("tsugumi");

    const own = client("tsugumi", passphrase);
    expect((await own.users.listOwnProjects()).map(({ project_id }) => project_id)).toEqual(["research", "teaching"]);
    await own.switchProject("teaching");
    const { token } = await own.login();
    expect(Buffer.from(token.split(".")[1] as string, "base64url").toString()).toContain("teaching");

    expect((await hanami.users.removeProject({ id: "tsugumi", project_id: "research" })).projects).toHaveLength(1);
    await hanami.users.delete("tsugumi");
    await expect(hanami.users.get("tsugumi")).rejects.toThrow(NotFoundError);
    await hanami.projects.delete("research");
  });

  test("every kind of refusal has its class and text", async () => {
    const hanami = client();
    await hanami.projects.create({ id: "twice", name: "Twice" });
    const again = hanami.projects.create({ id: "twice", name: "Twice" });
    await expect(again).rejects.toThrow(ConflictError);
    await expect(again).rejects.toMatchObject({ status: 409, message: "Project with id 'twice' already exist." });
    await expect(hanami.projects.get("nothing")).rejects.toThrow(NotFoundError);
    await expect(hanami.projects.get("?")).rejects.toThrow(BadRequestError);
  });
});

test("logs and measurements are typed objects", async () => {
  const hanami = client();
  const [first] = await hanami.logs.audit();
  expect(first).toMatchObject({ user_id: adminId, request_type: "POST" });
  expect(await hanami.logs.errors()).toEqual([]);
  expect((await hanami.system.info()).packages[0]?.cores.length).toBeGreaterThan(0);
  for (const kind of ["speed", "powerConsumption", "temperature"] as const) {
    const { seconds, minutes, hours, days } = await hanami.system[kind]();
    expect([seconds, minutes, hours, days].map(({ length }) => length)).toEqual([60, 60, 24, 365]);
  }
  expect(Object.keys(await hanami.system.threading()).length).toBeGreaterThan(0);
});

test("a missing server and one of another kind are connection errors", async () => {
  const nobody = new HanamiClient({ address: "http://127.0.0.1:3", user: "asdf", passphrase: "asdfasdf" });
  await expect(nobody.login()).rejects.toThrow(ConnectionError);
  await expect(nobody.login()).rejects.toThrow("Cannot reach http://127.0.0.1:3: connect ECONNREFUSED 127.0.0.1:3");
  const fetch = () => Promise.resolve(new Response("<html>"));
  const stranger = new HanamiClient({ address: "http://test", user: "asdf", passphrase: "asdfasdf", fetch });
  await expect(stranger.login()).rejects.toThrow("http://test does not answer like a Hanami server.");
});

test("options that cannot work are refused at once", () => {
  const login = { user: "asdf", passphrase: "asdfasdf" };
  for (const address of [undefined as unknown as string, "", "127.0.0.1:11418", "ftp://127.0.0.1"]) {
    expect(() => new HanamiClient({ address, ...login })).toThrow(`No address of a server: ${address}`);
  }
  const address = "http://127.0.0.1:11418";
  for (const missing of ["user", "passphrase"]) {
    expect(() => new HanamiClient({ address, ...login, [missing]: undefined })).toThrow("passphrase are needed");
  }
});
