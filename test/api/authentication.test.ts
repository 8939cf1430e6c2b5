import { createHmac } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adminId, createTestApp, databases, type TestApp } from "../support/test-app.ts";

const failure = (reason: string) => `Failed to validate JWT-Token with error: ${reason}`;
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

describe.each(databases)("authentication on $name", (database) => {
  let app: TestApp;
  let key: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    key = await readFile(join(app.dataDir, "token.key"), "utf8");
  });
  afterAll(() => app.close());

  const sign = (header: object, payload: unknown, secret = key) => {
    const content = `${encode(header)}.${encode(payload)}`;
    return `${content}.${createHmac("sha256", secret).update(content).digest("base64url")}`;
  };
  const payloadOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
  const header = { alg: "HS256", typ: "JWT" };
  const answer = async (token: string | null, path = "/project/all") => {
    const response = await app.request("GET", path, { token });
    return [response.status, response.text];
  };

  test("the token has the contract's header and claims", () => {
    expect(JSON.parse(Buffer.from(app.token.split(".")[0] ?? "", "base64url").toString())).toEqual(header);
    const { exp, user, ...rest } = payloadOf(app.token);
    expect(rest).toEqual({});
    expect(exp).toBeGreaterThan(Date.now() / 1000 + 3500);
    expect(exp).toBeLessThanOrEqual(Date.now() / 1000 + 3600);
    expect(user).toMatch(
      /^\{"created_at":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d","creator_id":"HANAMI_INIT","id":"asdf","is_admin":true,"is_project_admin":true,"name":"asdf","project_id":"admin","role":"admin"\}$/,
    );
  });

  test("a token signed by hand with the key file's content is accepted", async () => {
    expect((await answer(sign(header, payloadOf(app.token))))[0]).toBe(200);
  });

  test.each([
    ["missing", null],
    ["empty", ""],
    ["garbled", "abc"],
    ["three empty parts", ".."],
    ["no JSON inside", "YWJj.YWJj.YWJj"],
  ])("%s", async (_title, token) => {
    expect(await answer(token)).toEqual([401, failure("invalid token supplied")]);
  });

  test("wrong signature", async () => {
    expect(await answer(sign(header, payloadOf(app.token), "another key"))).toEqual([
      401,
      failure("invalid signature"),
    ]);
    const forged = encode({ ...payloadOf(app.token), exp: 4e9 });
    const [head, , signature] = app.token.split(".");
    expect(await answer(`${head}.${forged}.${signature}`)).toEqual([401, failure("invalid signature")]);
  });

  test("expired", async () => {
    const payload = { ...payloadOf(app.token), exp: Math.floor(Date.now() / 1000) - 1 };
    expect(await answer(sign(header, payload))).toEqual([401, failure("token expired")]);
  });

  test("not valid yet, or issued by or for another party with the same key", async () => {
    const payload = payloadOf(app.token);
    const nowSeconds = Math.floor(Date.now() / 1000);
    expect((await answer(sign(header, { ...payload, nbf: nowSeconds - 1, iat: nowSeconds })))[0]).toBe(200);
    for (const claim of [{ nbf: nowSeconds + 60 }, { nbf: "x" }, { iss: "another.example" }, { aud: "another" }]) {
      expect(await answer(sign(header, { ...payload, ...claim }))).toEqual([401, failure("invalid token supplied")]);
    }
  });

  test("other algorithms, including none", async () => {
    const none = `${encode({ alg: "none", typ: "JWT" })}.${encode(payloadOf(app.token))}.`;
    expect(await answer(none)).toEqual([401, failure("wrong algorithm")]);
    for (const alg of ["HS512", "RS256", "ES256", "EdDSA", "none"]) {
      expect(await answer(sign({ alg }, payloadOf(app.token)))).toEqual([401, failure("wrong algorithm")]);
    }
    for (const alg of ["None", "hs256", "", 5, null]) {
      const [status, text] = await answer(sign({ alg }, payloadOf(app.token)));
      expect([
        status,
        [failure("wrong algorithm"), failure("invalid token supplied")].includes(text as string),
      ]).toEqual([401, true]);
    }
  });

  test("a signed token without the claims is invalid", async () => {
    const { exp, user } = payloadOf(app.token);
    for (const payload of [{ user }, { exp }, { exp, user: {} }, { exp, user: "x" }, { exp, user: "{}" }]) {
      expect(await answer(sign(header, payload))).toEqual([401, failure("invalid token supplied")]);
    }
  });

  test("the order of checks: body, token, policy, endpoint, input", async () => {
    const member = await app.addUser({ id: "order_member", projectId: "some_project" });
    const ask = async (method: string, path: string, token: string | null, body?: unknown) => {
      const { status, text } = await app.request(method, path, { token, body });
      return [status, text];
    };
    expect(await ask("POST", "/nowhere", "bad", "[")).toEqual([400, "Failed to pasre uri: /v1.0alpha/nowhere"]);
    expect(await ask("POST", "/nowhere", "bad", {})).toEqual([401, failure("invalid token supplied")]);
    expect(await ask("POST", "/nowhere", app.token, {})).toEqual([401, "Access denied by policy"]);
    expect(await ask("POST", "/project", member, { wrong: 1 })).toEqual([401, "Access denied by policy"]);
    const noEndpoint = "No endpoint found for path 'v1.0alpha/auth' and type GET";
    expect(await ask("GET", "/auth?wrong=1", member)).toEqual([400, noEndpoint]);
    const unknownKey = "Validation failed, because item 'wrong' is not in the list of allowed keys";
    expect(await ask("PUT", "/token", member, { wrong: 1 })).toEqual([400, unknownKey]);
  });

  test("a role that the policies do not list has no rights", async () => {
    const tester = await app.addUser({ id: "tester_user", projectId: "some_project", role: "tester" });
    expect(await answer(tester, "/host/all")).toEqual([401, "Access denied by policy"]);
    expect(await answer(tester, "/user/project")).toEqual([401, "Access denied by policy"]);
  });

  test("the role admin does not make an administrator", async () => {
    const token = await app.addUser({ id: "would_be_admin", projectId: "some_project", role: "admin" });
    expect(await answer(token, "/user/all")).toEqual([401, ""]);
    expect(await answer(token, "/project/all")).toEqual([401, ""]);
    expect(await answer(token, "/error_log?page=0")).toEqual([401, ""]);
  });

  test("a token ends with its user, and a new user with that id does not revive it", async () => {
    const token = await app.addUser({ id: "mortal", projectId: "some_project" });
    expect((await answer(token, "/user/project"))[0]).toBe(200);
    await app.request("DELETE", "/user", { query: { id: "mortal" } });
    const gone = [401, "ACCESS DENIED!\nUser or passphrase is incorrect."];
    expect(await answer(token, "/user/project")).toEqual(gone);
    const second = await app.addUser({ id: "mortal", projectId: "some_project" });
    expect(await answer(token, "/user/project")).toEqual(gone);
    expect((await answer(second, "/user/project"))[0]).toBe(200);
  });

  test("a token ends with its assignment, and changes of the assignment take effect at once", async () => {
    const token = await app.addUser({ id: "worker", projectId: "first_project" });
    const project = { id: "worker", project_id: "first_project" };
    await app.request("DELETE", "/user/project", { query: project });
    expect(await answer(token, "/user/project")).toEqual([
      401,
      "User with id 'worker' is not assigned to the project with id 'first_project'.",
    ]);
    await app.request("POST", "/user/project", { body: { ...project, role: "tester" } });
    expect(await answer(token, "/user/project")).toEqual([401, "Access denied by policy"]);
  });

  test("tokens survive a restart, because the key stays", async () => {
    await app.restart();
    expect((await answer(app.token))[0]).toBe(200);
  });
});

test("a custom policy file replaces the default", async () => {
  const app = await createTestApp();
  try {
    const file = join(app.dataDir, "policies");
    await writeFile(file, "v1.0alpha/host/all\n- GET: visitor\n");
    const own = await createTestApp({ config: { policiesFile: file } });
    try {
      const visitor = await own.addUser({ id: "a_visitor", projectId: "some_project", role: "visitor" });
      expect((await own.request("GET", "/host/all", { token: visitor })).text).not.toBe("Access denied by policy");
      expect((await own.request("GET", "/project/all")).text).toBe("Access denied by policy");
      expect(await own.login(adminId)).toEqual(expect.any(String));
    } finally {
      await own.close();
    }
  } finally {
    await app.close();
  }
});
