import { createHash } from "node:crypto";
import { once } from "node:events";
import { sql } from "drizzle-orm";
import { expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { describeError } from "../../src/logs/describe-error.ts";
import { uploadCsv } from "../api/dataset-support.ts";
import { makeCluster, makeDataset, startTrain, untilFinished } from "../support/compute.ts";
import { MemoryLog } from "../support/memory-log.ts";
import { base64, createTestApp, testPassphrase } from "../support/test-app.ts";

// Several servers or programs start, which is slow on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

test("no passphrase, hash, token or key in log, audit log or error log, whatever goes wrong", async () => {
  const tokenKey = "distinctive-token-key-0123456789-0123456789";
  const log = new MemoryLog();
  const secrets = [tokenKey, testPassphrase, base64(testPassphrase)];
  const app = await createTestApp({ log, config: { tokenKey, logLevel: "debug" } });
  const { url } = await app.server.listen();
  const say = (method: string, path: string, body?: unknown, token: string | null = app.token) =>
    app.request(method, path, { token, body });

  const passphrase = base64("distinctive-member-passphrase");
  const wrong = base64("distinctive-wrong-passphrase");
  secrets.push(passphrase, "distinctive-member-passphrase", wrong, "distinctive-wrong-passphrase");
  await say("POST", "/user", { id: "member", name: "member", passphrase, is_admin: false });
  await say("POST", "/user", { id: "member", name: "member", passphrase, is_admin: false });
  await say("POST", "/user/project", { id: "member", project_id: "some_project", role: "member" });
  const { token } = (await say("POST", "/token", { id: "member", passphrase }, null)).json<{ token: string }>();
  const signatures = [token, app.token].map((each) => each.split(".")[2] as string);
  secrets.push(...signatures);
  const attempts = [
    { id: "member", passphrase: wrong },
    { id: "nobody", passphrase: wrong },
    { id: 5, passphrase: wrong },
    { id: "member", passphrase: [wrong] },
    { id: "member", passphrase: wrong, extra: wrong },
    { passphrase: wrong },
    { id: "member", password: "distinctive-wrong-passphrase" },
    { id: "member", passphrase, password: "distinctive-member-passphrase" },
    { id: "member", password: "distinctive-wrong-passphrase\ud800" },
    { id: 5, password: "distinctive-wrong-passphrase" },
    `{"id":"member","passphrase":"${wrong}"`,
  ];
  for (const body of attempts) await say("POST", "/token", body, null);
  await app.request("POST", `/token`, { token: null, query: { id: "member", passphrase: wrong } });
  await app.request("GET", "/host/all", { token: `${token}x` });
  await app.request("GET", "/host/all", { token, query: { token } });
  await app.request("PUT", "/token", { token, body: { project_id: "some_project" } });

  const made = await say("POST", "/token/key", { name: "distinct service", expires_in: 60 }, token);
  const { key, uuid } = made.json<{ key: string; uuid: string }>();
  secrets.push(key.slice("hanami_".length, -1), createHash("sha256").update(key).digest("hex"));
  await say("DELETE", "/cluster", undefined, key);
  await app.request("GET", "/host/all", { token: `${key}x`, query: { key, token: key } });
  await say("POST", "/token/key", { name: "distinct service", expires_in: 60, key, token: key }, token);

  // Some of everything that writes a log.
  const cluster = await makeCluster(app);
  await uploadCsv(app, url, "a,b\n1,2\n");
  const dataset = await makeDataset(app.app, { rows: 10 });
  const task = await startTrain(app, cluster, dataset);
  await untilFinished(app, cluster, task.uuid);
  const messages = [token, key].flatMap((each) => [
    JSON.stringify({ token: each, target: "cluster", uuid: cluster }),
    `{"token":"${each}",`,
  ]);
  for (const message of messages) {
    const socket = new WebSocket(url.replace("http", "ws"));
    await once(socket, "open");
    const answer = once(socket, "message");
    socket.send(message);
    await answer;
    socket.terminate();
  }

  // Defects: queries fail whose values include a hash, a token's owner and a passphrase.
  await app.app.db.execute(sql`alter table user_projects rename column role to roles`);
  expect((await say("POST", "/user/project", { id: "member", project_id: "other", role: "member" })).status).toBe(500);
  await app.app.db.execute(sql`alter table user_projects rename column roles to role`);
  await app.app.db.execute(sql`alter table users add constraint broken check (id <> 'broken_user')`);
  const failed = await say("POST", "/user", { id: "broken_user", name: "broken", passphrase, is_admin: false });
  expect([failed.status, failed.text]).toEqual([500, ""]);
  await app.app.db.execute(sql`alter table users rename column passphrase_hash to hash`);
  expect((await say("POST", "/token", { id: "member", passphrase }, null)).status).toBe(500);
  await app.app.db.execute(sql`alter table users rename column hash to passphrase_hash`);
  // The known caller of the key is forgotten, and the lookup by its hash fails; so does the insertion of another one.
  await app.app.knownCallers.change(Promise.resolve());
  await app.app.db.execute(sql`alter table api_keys rename column role to roles`);
  expect((await say("DELETE", "/cluster", undefined, key)).status).toBe(500);
  expect((await say("POST", "/token/key", { name: "other service", expires_in: 60 }, token)).status).toBe(500);
  await app.app.db.execute(sql`alter table api_keys rename column roles to role`);

  const logs = await app.app.db.execute(sql`
    select coalesce(jsonb_agg(to_jsonb(error_log)), '[]') as errors,
      (select coalesce(jsonb_agg(to_jsonb(audit_log)), '[]') from audit_log) as audits
    from error_log`);
  const rows = JSON.stringify(logs);
  await app.close();

  // All of it was logged, so secrets would have been found.
  expect(log.text).toContain("v1.0alpha/user/project");
  expect(log.text).toContain("Failed query: insert into");
  expect(rows).toContain("v1.0alpha/user/project");
  expect(rows).toContain("violates check constraint");
  expect(rows).toContain('from \\"api_keys\\"');
  expect(rows).toContain(uuid);
  for (const secret of [...secrets, "$argon2"]) {
    expect(log.text).not.toContain(secret);
    expect(rows).not.toContain(secret);
  }
});

test("an error is logged with message, code and stack only, and a query without its values", () => {
  const cause = Object.assign(new Error("null value in column"), {
    detail: "Failing row contains (hush-hush)",
    code: "23502",
  });
  const params = ["hush-hush", "a\n    at line of the hush-hush"];
  const query = "insert into users values ($1, $2)";
  const error = Object.assign(new Error(`Failed query: ${query}\nparams: ${params.join(",")}`, { cause }), {
    query,
    params,
  });
  const text = JSON.stringify(describeError(error));
  expect(text).not.toContain("hush-hush");
  expect(text).toContain("caused by: Error: null value in column");
  expect(text).toContain("secrets.test");
  expect(describeError(cause)).toMatchObject({ type: "Error", code: "23502", message: "null value in column" });
  expect(describeError("a text")).toEqual({ type: "string", message: "a text", stack: "a text" });
  const circle = new Error("circle");
  circle.cause = circle;
  expect(describeError(new AggregateError([circle, new Error("another")], "both")).stack).toContain("another");
});
