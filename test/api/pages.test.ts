import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkpoints, clusters, datasets, projects, tasks } from "../../src/db/schema/index.ts";
import { insertUser } from "../../src/accounts/insert-user.ts";
import { randomUUID } from "node:crypto";
import { createTestApp, databases, type TestApp } from "../support/test-app.ts";

interface List {
  header: string[];
  body: unknown[][];
}

const COUNT = 7;

describe.each(databases)("pages of lists on $name", (database) => {
  let app: TestApp;
  let cluster: string;
  let token: string;
  beforeAll(async () => {
    app = await createTestApp({ database });
    const { db, hosts } = app.app;
    token = await app.addUser({ id: "some_user", projectId: "some_project" });
    const [account] = await db.query.users.findMany({ where: (users, { eq }) => eq(users.id, "some_user") });
    const own = { owner_id: "some_user", owner_uuid: account!.row_uuid, project_id: "some_project" };
    const foreign = { owner_id: "nobody", project_id: "some_project" };
    for (let index = 0; index < COUNT; index++) {
      // Rows of others lie between the user's own.
      for (const owner of [own, foreign]) {
        const row = { ...owner, uuid: randomUUID(), name: `name ${index}` };
        await db.insert(datasets).values({ ...row, type: "csv", state: "ready" });
        await db.insert(checkpoints).values({ ...row, file_size: 1 });
        await db.insert(clusters).values({ ...row, template: "", seed: 1, host_uuid: hosts.default().uuid });
        cluster = owner === own ? row.uuid : cluster;
      }
      await db.insert(projects).values({ id: `project_${index}`, name: "name", creator_id: "asdf" });
      const user = { name: "name", creator_id: "asdf", is_admin: false, passphrase: "a long passphrase" };
      await insertUser(db, { ...user, id: `user_${index}` });
    }
    const ended = { name: "task", plan: { kind: "save" as const }, state: "finished" as const };
    for (let index = 0; index < COUNT; index++) {
      const row = { ...own, ...ended, uuid: randomUUID(), cluster_uuid: cluster, total_number_of_cycles: 1 };
      await db.insert(tasks).values(row);
    }
  });
  afterAll(() => app.close());

  const lists = [
    { path: "/cluster/all", isOwn: true },
    { path: "/dataset/all", isOwn: true },
    { path: "/checkpoint/all", isOwn: true },
    { path: "/cluster/all", isOwn: false },
    { path: "/dataset/all", isOwn: false },
    { path: "/checkpoint/all", isOwn: false },
    { path: "/task/all", isOwn: true },
    { path: "/project/all", isOwn: false },
    { path: "/user/all", isOwn: false },
    { path: "/host/all", isOwn: true },
  ];

  const ask = (path: string, isOwn: boolean, query: Record<string, string | number>) => {
    const more = path === "/task/all" ? { cluster_uuid: cluster } : {};
    return app.request("GET", path, { query: { ...more, ...query }, token: isOwn ? token : app.token });
  };

  test.each(lists)("$path, only own rows: $isOwn", async ({ path, isOwn }) => {
    const list = async (query: Record<string, string | number> = {}) => (await ask(path, isOwn, query)).json<List>();
    const whole = await list();
    const { header, body } = whole;
    if (path !== "/host/all") expect(body.length).toBeGreaterThanOrEqual(COUNT);
    if (isOwn && path.startsWith("/c")) expect(body.length).toBe(COUNT);

    // All pages together are the whole list, whatever their size.
    for (const limit of [1, 3, body.length, body.length + 1, 10_000]) {
      const joined: unknown[][] = [];
      for (let page = 0; page * limit < body.length + limit; page++) {
        const part = await list({ page, limit });
        expect(part.header).toEqual(header);
        expect(part.body.length).toBeLessThanOrEqual(limit);
        joined.push(...part.body);
      }
      // The load of a host changes from answer to answer.
      if (path === "/host/all") expect(joined.map(([uuid]) => uuid)).toEqual(body.map(([uuid]) => uuid));
      else expect([limit, joined]).toEqual([limit, body]);
    }
    // One key alone: the first page, and pages of 100.
    expect((await list({ limit: 1 })).body.length).toBe(1);
    expect((await list({ page: 0 })).body.length).toBe(body.length);
    expect(await list({ page: 1 })).toEqual({ header, body: [] });
    for (const limit of [1, 10_000]) {
      expect(await list({ page: 1_000_000_000, limit })).toEqual({ header, body: [] });
    }
  });

  test.each(lists)("$path refuses pages that are none", async ({ path, isOwn }) => {
    for (const [query, text] of [
      [{ page: -1 }, "Given item 'page' is smaller than 0"],
      [{ page: 1_000_000_001 }, "Given item 'page' is bigger than 1000000000"],
      [{ page: "9007199254740993" }, "Given item 'page' is bigger than 1000000000"],
      [{ limit: 0 }, "Given item 'limit' is smaller than 1"],
      [{ limit: 10_001 }, "Given item 'limit' is bigger than 10000"],
      [{ page: "1.5" }, "Value-validation failed, because a item 'page'  has the false type: Exprect int-type."],
      [{ limit: "x" }, "Value-validation failed, because a item 'limit'  has the false type: Exprect int-type."],
    ] as [Record<string, string | number>, string][]) {
      const { status, text: answer } = await ask(path, isOwn, query);
      expect([query, status, answer]).toEqual([query, 400, text]);
    }
  });
});
