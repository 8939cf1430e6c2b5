import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestResponse } from "../support/test-app.ts";
import {
  createWorld,
  keyOf,
  outsiders,
  people,
  sampleOf,
  samples,
  type Outsider,
  type Person,
  type World,
} from "./world.ts";

/** Role × endpoint × ownership. The rows are the server's own list of endpoints, so none is missed. */

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const visibleTo: readonly Person[] = ["admin", "chief", "owner"];
const blind: readonly Person[] = ["colleague", "stranger"];

const uuidPattern = /[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}/g;
const uuidsOf = (input: unknown) => [...new Set(JSON.stringify(input).match(uuidPattern))];

/** The input with these uuids replaced by others. */
function replaced<T>(input: T, from: readonly string[], to: readonly string[]): T {
  let text = JSON.stringify(input);
  from.forEach((uuid, index) => (text = text.replaceAll(uuid, to[index] as string)));
  return JSON.parse(text) as T;
}

/** An answer without what differs between any two: the request's id, the time, and the requested uuids. */
function comparable(response: TestResponse, asked: readonly string[]) {
  const headers = [...response.headers].filter(([name]) => name !== "x-request-id" && name !== "date");
  let { text } = response;
  asked.forEach((uuid, index) => (text = text.replaceAll(uuid, `<uuid ${index}>`)));
  return { status: response.status, headers, text };
}

/** All of the owner's resources, as the owner sees them. */
async function ownersView(): Promise<string> {
  const token = world.tokenOf("owner");
  const answers: string[] = [];
  const get = async (path: string, query: Record<string, string> = {}) => {
    const response = await world.app.request("GET", path, { token, query });
    answers.push(`${path} ${response.status} ${response.text}`);
    return response;
  };
  await get("/dataset/all");
  await get("/checkpoint/all");
  const { cluster, dataset, csv } = await world.things("owner");
  await get("/cluster/all");
  await get("/cluster", { uuid: cluster });
  await get("/task/all", { cluster_uuid: cluster });
  await get("/dataset", { uuid: dataset });
  await get("/dataset/progress", { uuid: csv.uuid });
  return answers.join("\n");
}

test("every endpoint has a sample, and every sample an endpoint", () => {
  expect(world.endpoints.map(keyOf).sort()).toEqual(Object.keys(samples).sort());
});

test.each(Object.keys(outsiders) as Outsider[])("%s gets the same refusal everywhere", async (outsider) => {
  const token = world.outsiderToken(outsider);
  const things = await world.things("owner");
  for (const endpoint of world.endpoints) {
    const { access, input } = sampleOf(endpoint);
    if (access === "public") continue;
    for (const values of [await input(world, "owner", things), {}, { unknown_key: 1 }]) {
      const { status, text } = await world.send(endpoint, values, token);
      expect([keyOf(endpoint), status, text]).toEqual([keyOf(endpoint), 401, outsiders[outsider]]);
    }
  }
});

describe.each(blind)("a %s", (person) => {
  test("cannot tell the owner's resources from missing ones, and changes none", async () => {
    const token = world.tokenOf(person);
    const own = await world.things(person);
    const foreign = await world.things("owner");
    const before = await ownersView();
    for (const endpoint of world.endpoints) {
      const { access, input } = sampleOf(endpoint);
      if (access !== "visible") continue;
      const mine = await input(world, person, own);
      const theirs = uuidsOf(await input(world, "owner", foreign));
      const places = uuidsOf(mine);
      expect(places.length).toBe(theirs.length);
      // Each place alone, then all of them together.
      const choices = [...places.map((_, index) => [index]), places.map((_, index) => index)];
      for (const chosen of choices) {
        const from = chosen.map((index) => places[index] as string);
        const to = chosen.map((index) => theirs[index] as string);
        // All users share the host.
        if (to.includes(world.host) && chosen.length === 1) continue;
        const unknown = chosen.map(() => randomUUID());
        const given = await world.send(endpoint, replaced(mine, from, to), token);
        const absent = await world.send(endpoint, replaced(mine, from, unknown), token);
        expect([keyOf(endpoint), comparable(given, to)]).toEqual([keyOf(endpoint), comparable(absent, unknown)]);
        expect([keyOf(endpoint), given.status]).toEqual([keyOf(endpoint), 404]);
      }
    }
    expect(await ownersView()).toBe(before);
  });

  test("never sees a trace of the owner in an answer", async () => {
    const token = world.tokenOf(person);
    const foreign = await world.things("owner");
    const secrets = [...uuidsOf(foreign), `"${people.owner.id}"`];
    for (const endpoint of world.endpoints) {
      const { access, input } = sampleOf(endpoint);
      if (access !== "anyone") continue;
      const { status, text } = await world.send(endpoint, await input(world, person, foreign), token);
      expect([keyOf(endpoint), status]).toEqual([keyOf(endpoint), 200]);
      for (const secret of secrets) expect([keyOf(endpoint), text]).not.toContain(secret);
    }
  });
});

test.each(visibleTo)("the owner's resources exist for %s, one by one and in the lists", async (person) => {
  const token = world.tokenOf(person);
  for (const endpoint of world.endpoints) {
    const { access, input, status = 200 } = sampleOf(endpoint);
    if (access !== "visible") continue;
    const isUsedUp = endpoint.method === "DELETE" || endpoint.path === "/cluster/set_mode";
    const things = await (isUsedUp ? world.makeThings("owner") : world.things("owner"));
    const response = await world.send(endpoint, await input(world, "owner", things), token);
    expect([keyOf(endpoint), response.status]).toEqual([keyOf(endpoint), status]);
  }
  const { cluster, dataset, checkpoint } = await world.things("owner");
  for (const [path, uuid] of [
    ["/cluster/all", cluster],
    ["/dataset/all", dataset],
    ["/checkpoint/all", checkpoint],
  ] as const) {
    const { body } = (await world.app.request("GET", path, { token })).json<{ body: string[][] }>();
    expect(body.map((row) => row[1])).toContain(uuid);
  }
});

test.each(Object.keys(people) as Person[])("endpoints for administrators answer %s as they should", async (person) => {
  const token = world.tokenOf(person);
  const things = await world.things("owner");
  for (const endpoint of world.endpoints) {
    const { access, input } = sampleOf(endpoint);
    if (access !== "admins") continue;
    const { status, text } = await world.send(endpoint, await input(world, person, things), token);
    // The policies let members through to one of the paths; its own check refuses them with an empty text.
    const refusal = endpoint.path === "/user/project" ? "" : "Access denied by policy";
    const expected = person === "admin" ? [200, text] : [401, refusal];
    expect([keyOf(endpoint), status, text]).toEqual([keyOf(endpoint), ...expected]);
  }
});

test("project administrators have no rights outside of their project, nor over users", async () => {
  const token = world.tokenOf("chief");
  const { cluster, dataset, checkpoint } = await world.things("stranger");
  for (const [path, uuid, noun] of [
    ["/cluster", cluster, "Cluster"],
    ["/dataset", dataset, "Data-set"],
    ["/checkpoint", checkpoint, "Checkpoint"],
  ] as const) {
    const { status, text } = await world.app.request("GET", path, { token, query: { uuid } });
    expect([status, text]).toEqual([404, `${noun} with uuid '${uuid}' not found`]);
  }
});

test("the audit log shows users their own changes only; an administrator may request the changes of others", async () => {
  const query = { page: 0, user_id: people.owner.id };
  for (const person of ["chief", "owner", "colleague", "stranger"] as const) {
    const token = world.tokenOf(person);
    const own = (await world.app.request("GET", "/audit_log", { token, query: { page: 0 } })).json<{
      body: string[][];
    }>();
    expect(own.body.every((row) => row[1] === people[person].id)).toBe(true);
    const asked = await world.app.request("GET", "/audit_log", { token, query });
    expect([asked.status, asked.text]).toEqual([401, "'user_id' can only be set by an admin"]);
  }
  const rows = (await world.app.request("GET", "/audit_log", { query })).json<{ body: string[][] }>().body;
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.every((row) => row[1] === people.owner.id)).toBe(true);
});
