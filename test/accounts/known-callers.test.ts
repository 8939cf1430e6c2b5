/** The caller of a token is cached for a moment, and only as long as it is valid. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { authenticate } from "../../src/accounts/authenticate.ts";
import { KnownCallers } from "../../src/accounts/known-callers.ts";
import type { Caller } from "../../src/accounts/caller.ts";
import { routes } from "../../src/api/routes.ts";
import { createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

const callerOf = (role: string): Caller => ({
  userId: "u",
  userUuid: "uuid",
  userName: "u",
  isAdmin: false,
  projectId: "p",
  role,
  isProjectAdmin: false,
});

/** Looks callers up in a changeable directory, and counts the lookups. */
function directory(role: string) {
  const state = { role, looks: 0 };
  const lookUp = async () => {
    state.looks += 1;
    return callerOf(state.role);
  };
  return { state, lookUp };
}

describe("known callers", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
  afterEach(() => void vi.useRealTimers());

  test("a caller is looked up once, until something changes or some seconds have passed", async () => {
    const known = new KnownCallers();
    const { state, lookUp } = directory("member");
    for (let time = 0; time < 3; time++) await known.find("token", lookUp);
    expect(state.looks).toBe(1);
    await known.find("another token", lookUp);
    expect(state.looks).toBe(2);

    await known.change(Promise.resolve((state.role = "reader")));
    expect((await known.find("token", lookUp)).role).toBe("reader");
    expect(state.looks).toBe(3);

    // An unannounced change.
    state.role = "owner";
    vi.advanceTimersByTime(4999);
    expect((await known.find("token", lookUp)).role).toBe("reader");
    vi.advanceTimersByTime(2);
    expect((await known.find("token", lookUp)).role).toBe("owner");
  });

  test("a read that began before a change ended is not cached", async () => {
    const known = new KnownCallers();
    let finishRead: (caller: Caller) => void = () => {};
    const slow = known.find("token", () => new Promise((resolve) => (finishRead = resolve)));
    await known.change(Promise.resolve());
    finishRead(callerOf("member"));
    expect((await slow).role).toBe("member");
    const { lookUp } = directory("reader");
    expect((await known.find("token", lookUp)).role).toBe("reader");
  });

  test("a failed change may have happened nevertheless", async () => {
    const known = new KnownCallers();
    const { state, lookUp } = directory("member");
    await known.find("token", lookUp);
    state.role = "reader";
    const failing = known.change(Promise.reject(new Error("the connection broke")));
    await expect(failing).rejects.toThrow("the connection broke");
    expect((await known.find("token", lookUp)).role).toBe("reader");
  });

  test("a failure is not cached, and the number of cached callers is bounded", async () => {
    const known = new KnownCallers();
    const { state, lookUp } = directory("member");
    await expect(known.find("token", () => Promise.reject(new Error("away")))).rejects.toThrow("away");
    expect(await known.find("token", lookUp)).toEqual(callerOf("member"));
    for (let nth = 0; nth < 4096; nth++) await known.find(`token ${nth}`, lookUp);
    const { looks } = state;
    await known.find("token 4095", lookUp);
    expect(state.looks).toBe(looks);
    await known.find("token", lookUp);
    expect(state.looks).toBe(looks + 1);
  });
});

const passphrase = Buffer.from(testPassphrase).toString("base64");
const assignment = { id: "somebody", project_id: "a_project" };

/** A successful call of every endpoint that changes rights, in an order in which the calls succeed. */
const changes = [
  ["POST", "/project", { id: "a_project", name: "a project" }],
  ["POST", "/user", { id: "somebody", name: "somebody", passphrase, is_admin: false }],
  ["POST", "/user/project", { ...assignment, role: "member", is_project_admin: false }],
  ["DELETE", "/user/project", assignment],
  ["DELETE", "/project", { id: "a_project" }],
  ["DELETE", "/user", { id: "somebody" }],
] as const;

test("a change of users, projects or assignments makes the next request look its caller up again", async () => {
  const app: TestApp = await createTestApp();
  try {
    const { knownCallers } = app.app;
    const { state, lookUp } = directory("member");
    for (const [method, path, values] of changes) {
      await knownCallers.find("token", lookUp);
      const { looks } = state;
      const given = method === "DELETE" ? { query: values } : { body: values };
      const answer = await app.request(method, path, given);
      expect([path, answer.status, answer.text]).toEqual([path, 200, expect.anything()]);
      await knownCallers.find("token", lookUp);
      expect([path, state.looks]).toEqual([path, looks + 1]);
    }
    // A new endpoint needs an entry above.
    const changing = routes.filter(({ method, path }) => method !== "GET" && /^\/(user|project)\b/.test(path));
    const keys = (pairs: readonly (readonly [string, string, ...unknown[]])[]) =>
      pairs.map(([method, path]) => `${method} ${path}`).sort();
    expect(keys(changes)).toEqual(keys(changing.map(({ method, path }) => [method, path])));
  } finally {
    await app.close();
  }
});

test("a request looks its caller up in the database only once", async () => {
  const app = await createTestApp();
  try {
    const token = await app.addUser({ id: "reader", projectId: "some_project" });
    const first = await authenticate(app.app, token);
    expect(await authenticate(app.app, token)).toBe(first);
  } finally {
    await app.close();
  }
});
