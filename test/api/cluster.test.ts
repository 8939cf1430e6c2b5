import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  makeCluster,
  makeDataset,
  smallTemplate,
  startTrain,
  stateOf,
  untilFinished,
  untilTask,
} from "../support/compute.ts";
import { base64, createTestApp, databases, type TestApp } from "../support/test-app.ts";

const unknown = randomUUID();
const timestamp = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

describe.each(databases)("clusters on $name", (database) => {
  let app: TestApp;
  let dataset: string;

  beforeAll(async () => {
    app = await createTestApp({ database });
    dataset = await makeDataset(app.app, { rows: 200 });
  });
  afterAll(() => app.close());

  const create = (body: Record<string, unknown>, token = app.token) => app.request("POST", "/cluster", { body, token });
  const setMode = (uuid: string, new_state: string) =>
    app.request("PUT", "/cluster/set_mode", { body: { uuid, new_state } });

  test("a cluster is created, shown, listed and deleted", async () => {
    const created = (await create({ name: "first cluster", template: base64(smallTemplate) })).json<{ uuid: string }>();
    const short = {
      created_at: expect.stringMatching(timestamp),
      name: "first cluster",
      owner_id: "asdf",
      project_id: "admin",
      uuid: expect.any(String),
      visibility: "private",
    };
    expect(created).toEqual(short);
    const { uuid } = created;
    const shown = (await app.request("GET", "/cluster", { query: { uuid } })).json<{ hexagons: unknown[] }>();
    expect(shown).toMatchObject({
      ...short,
      mode: "TASK",
      host_uuid: app.app.hosts.default().uuid,
      number_of_blocks: 0,
      number_of_sections: 0,
      number_of_synapses: 0,
      number_of_neurons: 0,
    });
    expect(shown.hexagons).toHaveLength(3);
    const list = (await app.request("GET", "/cluster/all")).json<{ header: string[]; body: string[][] }>();
    expect(list.header).toEqual(["created_at", "uuid", "project_id", "owner_id", "visibility", "name"]);
    expect(list.body).toContainEqual([expect.any(String), uuid, "admin", "asdf", "private", "first cluster"]);
    expect((await app.request("DELETE", "/cluster", { query: { uuid } })).json()).toEqual({});
    for (const method of ["GET", "DELETE"]) {
      expect(await app.request(method, "/cluster", { query: { uuid } })).toMatchObject({
        status: 404,
        text: `Cluster with uuid '${uuid}' not found`,
      });
    }
  });

  test("figures follow the training, also per hexagon", async () => {
    const uuid = await makeCluster(app, { name: "figures" });
    const task = await startTrain(app, uuid, dataset);
    await untilFinished(app, uuid, task.uuid);
    const shown = (await app.request("GET", "/cluster", { query: { uuid } })).json<Record<string, number>>();
    expect(shown["number_of_cycles"]).toBe(200);
    expect(shown["number_of_neurons"]).toBe(128 * (shown["number_of_blocks"] as number));
    const hexagons = shown["hexagons"] as unknown as { number_of_blocks: number; number_of_sections: number }[];
    const sum = (key: "number_of_blocks" | "number_of_sections") => hexagons.reduce((all, each) => all + each[key], 0);
    expect(sum("number_of_blocks")).toBe(shown["number_of_blocks"]);
    expect(sum("number_of_sections")).toBe(shown["number_of_sections"]);
    expect(shown["number_of_synapses"]).toBeGreaterThan(1000);
    expect(shown["bytes"]).toBeGreaterThan(4 * (shown["number_of_synapses"] as number));
  });

  test("without a template a cluster has no hexagons and cannot be trained", async () => {
    for (const [name, template] of [
      ["without", undefined],
      ["with empty", ""],
    ]) {
      const { uuid } = (await create({ name, template })).json<{ uuid: string }>();
      const shown = (await app.request("GET", "/cluster", { query: { uuid } })).json();
      expect(shown).toMatchObject({ number_of_blocks: 0, hexagons: [] });
      const item = { dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "picture_hex" };
      const body = { name: "task", cluster_uuid: uuid, inputs: [item], outputs: [item] };
      expect(await app.request("POST", "/task/train", { body })).toMatchObject({ status: 404 });
    }
  });

  test("names are unique among the clusters that the caller sees", async () => {
    await makeCluster(app, { name: "taken" });
    expect(await create({ name: "taken" })).toMatchObject({
      status: 409,
      text: "Cluster with name 'taken' already exist.",
    });
    const [a, b] = [
      await app.addUser({ id: "member_a", projectId: "shared" }),
      await app.addUser({ id: "member_b", projectId: "shared" }),
    ];
    expect((await create({ name: "taken" }, a)).status).toBe(200);
    expect((await create({ name: "taken" }, b)).status).toBe(200);
    expect((await create({ name: "taken" }, a)).status).toBe(409);
    const projectAdmin = await app.addUser({ id: "leader", projectId: "shared", isProjectAdmin: true });
    expect((await create({ name: "taken" }, projectAdmin)).status).toBe(409);
  });

  test("of several concurrent creations with one name, one wins", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => create({ name: "raced" })));
    expect(answers.map(({ status }) => status).sort((x, y) => x - y)).toEqual([200, ...Array(7).fill(409)]);
  });

  test("templates that are not base64, not a template, or not text", async () => {
    expect(await create({ name: "broken", template: "abc" })).toMatchObject({
      status: 400,
      text: "Uploaded template is not a valid base64-String.",
    });
    const answer = await create({
      name: "broken",
      template: base64(smallTemplate.replace("3,1,1\ninputs", "2,1,1\ninputs")),
    });
    expect(answer.status).toBe(400);
    const [title, ...box] = answer.text.split("\n");
    expect(title).toBe("Uploaded template is not a valid cluster-template: ");
    expect(box[1]).toMatch(/^\| Error-Message Nr\. 0 \| ERROR while parsing cluster-definition string +\|$/);
    expect(box[2]).toMatch(/^\| {21}\| parser-message: Hexagon with the position \[ 2 , 1 , 1 \] already exist\. +\|$/);
    expect(box[3]).toMatch(/line-number: 10 /);
    expect(answer.text.endsWith("+\n")).toBe(true);
    const withNul = await create({ name: "broken", template: base64(`${smallTemplate}# \0`) });
    expect(withNul).toMatchObject({ status: 400, text: expect.stringContaining("parser-message: invalid character") });
    expect((await create({ name: "broken", template: "/////w==" })).status).toBe(400);
    expect((await create({ name: "broken", template: base64(smallTemplate) })).status).toBe(200);
  });

  test("the same seed gives the same network, and the seed has limits", async () => {
    const states: Buffer[] = [];
    for (const [name, seed] of [
      ["seed a", 4_294_967_295],
      ["seed b", 4_294_967_295],
      ["seed c", 0],
    ] as const) {
      const uuid = await makeCluster(app, { name, seed });
      const { uuid: task } = await startTrain(app, uuid, dataset);
      await untilFinished(app, uuid, task);
      states.push(await stateOf(app.app, uuid));
    }
    expect(states[0]?.equals(states[1] as Buffer)).toBe(true);
    expect(states[0]?.equals(states[2] as Buffer)).toBe(false);
    expect((await create({ name: "seed d", seed: 4_294_967_296 })).text).toBe(
      "Given item 'seed' is bigger than 4294967295",
    );
  });

  test("a cluster can be created on a host that exists", async () => {
    const host = app.app.hosts.default().uuid.toUpperCase();
    expect((await create({ name: "on host", host_uuid: host })).status).toBe(200);
    expect(await create({ name: "nowhere", host_uuid: unknown })).toMatchObject({
      status: 404,
      text: `Host with uuid '${unknown}' not found`,
    });
  });

  test("modes: DIRECT from an idle TASK only, TASK from DIRECT only; queued tasks wait", async () => {
    const uuid = await makeCluster(app, { name: "modes" });
    const refusal = (mode: string) => ({ status: 409, text: `Can not switch cluster to '${mode}'` });
    expect(await setMode(uuid, "TASK")).toMatchObject(refusal("TASK"));
    expect((await setMode(uuid, "DIRECT")).json()).toEqual({
      created_at: expect.stringMatching(timestamp),
      name: "modes",
      new_state: "DIRECT",
      uuid,
    });
    expect(await setMode(uuid, "DIRECT")).toMatchObject(refusal("DIRECT"));
    expect(await setMode(uuid, "OTHER")).toMatchObject({
      status: 400,
      text: `Given item 'new_state' doesn't match with regex "^^(TASK|DIRECT)$$"`,
    });
    expect(await setMode(unknown, "TASK")).toMatchObject({
      status: 404,
      text: `Cluster with uuid '${unknown}' not found`,
    });

    const task = await startTrain(app, uuid, dataset);
    expect(await setMode(uuid, "DIRECT")).toMatchObject(refusal("DIRECT"));
    const query = { uuid: task.uuid, cluster_uuid: uuid };
    expect((await app.request("GET", "/task", { query })).json()).toMatchObject({
      state: "queued",
      start_timestamp: "-",
    });
    expect((await setMode(uuid, "TASK")).status).toBe(200);
    await untilFinished(app, uuid, task.uuid);

    const busy = await startTrain(app, uuid, dataset, { epochs: 100_000 });
    await untilTask(app, uuid, busy.uuid, ({ state }) => state === "active");
    expect(await setMode(uuid, "DIRECT")).toMatchObject(refusal("DIRECT"));
    await app.request("DELETE", "/task", { query: { uuid: busy.uuid, cluster_uuid: uuid } });
    expect((await setMode(uuid, "DIRECT")).status).toBe(200);
  });

  test("switching the host is checked in the contract's order", async () => {
    const cluster = await makeCluster(app, { name: "moving" });
    const host = app.app.hosts.default().uuid;
    const move = (body: object) => app.request("PUT", "/cluster/switch_host", { body });
    expect((await move({ cluster_uuid: cluster, host_uuid: host })).json()).toMatchObject({
      uuid: cluster,
      name: "moving",
    });
    expect((await move({ cluster_uuid: cluster, host_uuid: host, hexagon_id: 2 })).status).toBe(200);
    expect(await move({ cluster_uuid: cluster, host_uuid: host, hexagon_id: 3 })).toMatchObject({
      status: 404,
      text: `Cluster with UUID '${cluster}' does not contain a hexagon with ID '3'`,
    });
    expect(await move({ cluster_uuid: cluster, host_uuid: unknown, hexagon_id: 3 })).toMatchObject({
      status: 404,
      text: `Host with uuid '${unknown}' not found`,
    });
    expect(await move({ cluster_uuid: unknown, host_uuid: unknown })).toMatchObject({
      status: 404,
      text: `Cluster with uuid '${unknown}' not found`,
    });
  });

  test("strangers can do nothing with a cluster", async () => {
    const uuid = await makeCluster(app, { name: "private" });
    const token = await app.addUser({ id: "stranger", projectId: "elsewhere" });
    const missing = { status: 404, text: `Cluster with uuid '${uuid}' not found` };
    expect(await app.request("GET", "/cluster", { token, query: { uuid } })).toMatchObject(missing);
    expect(await app.request("DELETE", "/cluster", { token, query: { uuid } })).toMatchObject(missing);
    for (const [method, path, body] of [
      ["PUT", "/cluster/set_mode", { uuid, new_state: "DIRECT" }],
      ["PUT", "/cluster/switch_host", { cluster_uuid: uuid, host_uuid: unknown }],
      ["POST", "/cluster/save", { cluster_uuid: uuid, name: "mine" }],
      ["POST", "/cluster/load", { cluster_uuid: uuid, checkpoint_uuid: unknown }],
    ] as const) {
      expect(await app.request(method, path, { token, body })).toMatchObject(missing);
    }
    expect((await app.request("GET", "/cluster/all", { token })).json()).toMatchObject({ body: [] });
    expect((await app.request("GET", "/cluster", { query: { uuid } })).status).toBe(200);
  });

  test("clusters and their state survive a restart", async () => {
    const uuid = await makeCluster(app, { name: "lasting" });
    const task = await startTrain(app, uuid, dataset);
    await untilFinished(app, uuid, task.uuid);
    const state = await stateOf(app.app, uuid);
    await app.restart();
    expect((await stateOf(app.app, uuid)).equals(state)).toBe(true);
    const shown = (await app.request("GET", "/cluster", { query: { uuid } })).json();
    expect(shown).toMatchObject({ name: "lasting", number_of_cycles: 200 });
    expect(await app.request("GET", "/task", { query: { uuid: task.uuid, cluster_uuid: uuid } })).toMatchObject({
      status: 200,
    });
  });

  test("the list of hosts begins with uuid and type, and the uuid stays", async () => {
    const hosts = async () => (await app.request("GET", "/host/all")).json<{ header: string[]; body: unknown[][] }>();
    const { header, body } = await hosts();
    expect(header.slice(0, 2)).toEqual(["uuid", "type"]);
    expect(body.map((row) => Object.fromEntries(header.map((name, index) => [name, row[index]])))).toEqual([
      {
        uuid: app.app.hosts.default().uuid,
        type: "cpu",
        name: expect.any(String),
        load: expect.any(Number),
        memory_free: expect.any(Number),
        clusters: expect.any(Number),
        memory_total: expect.any(Number),
        buffer_max: null,
        vendor: null,
        driver: null,
        state: "ready",
        error: null,
      },
    ]);
    await app.restart();
    expect((await hosts()).body[0]?.[0]).toBe(body[0]?.[0]);
  });
});
