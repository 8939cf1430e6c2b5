import { randomUUID } from "node:crypto";
import { uploadFormats } from "hanami-sdk";
import { makeCluster, makeDataset, requestBody, untilFinished, type TaskBody } from "../support/compute.ts";
import {
  adminId,
  base64,
  createTestApp,
  testPassphrase,
  type TestApp,
  type TestResponse,
} from "../support/test-app.ts";
import { endpointsOf, type Endpoint, type OpenApiDocument } from "./document.ts";

/** The callers. The others try to reach the resources of `owner`. */
export const people = {
  admin: { id: adminId, projectId: "admin" },
  chief: { id: "chief", projectId: "alpha_project", isProjectAdmin: true },
  owner: { id: "owner", projectId: "alpha_project" },
  colleague: { id: "colleague", projectId: "alpha_project" },
  stranger: { id: "stranger", projectId: "beta_project" },
} as const;

export type Person = keyof typeof people;

/** Has a token, but no rights at all. */
export const outsiders = {
  "a role that no policy names": "Access denied by policy",
  "a deleted user": "ACCESS DENIED!\nUser or passphrase is incorrect.",
  "nobody (no token)": "Failed to validate JWT-Token with error: invalid token supplied",
} as const;

export type Outsider = keyof typeof outsiders;

/** One resource of every kind. */
export interface Things {
  cluster: string;
  dataset: string;
  /** A finished request task; its result is a dataset, too. */
  task: string;
  checkpoint: string;
  csv: { uuid: string; uuid_input_file: string };
  mnist: { uuid: string; uuid_input_file: string; uuid_label_file: string };
  /** An announced checkpoint. */
  file: { uuid: string; uuid_input_file: string };
}

export interface World {
  app: TestApp;
  document: OpenApiDocument;
  endpoints: Endpoint[];
  host: string;
  tokenOf(who: Person): string;
  outsiderToken(who: Outsider): string | null;
  /** The same ones at every call. */
  things(who: Person): Promise<Things>;
  /** New ones at every call. */
  makeThings(who: Person): Promise<Things>;
  /** Sends an input in the place that the endpoint expects. */
  send(endpoint: Endpoint, input: Record<string, unknown>, token: string | null): Promise<TestResponse>;
  close(): Promise<void>;
}

/** A server with users of every kind. */
export async function createWorld(): Promise<World> {
  const app = await createTestApp();
  const tokens = new Map<Person, string>([["admin", app.token]]);
  for (const who of ["chief", "owner", "colleague", "stranger"] as const) {
    tokens.set(who, await app.addUser(people[who]));
  }
  const roleless = await app.addUser({ id: "tester", projectId: "alpha_project", role: "tester" });
  const ghost = await app.addUser({ id: "ghost", projectId: "alpha_project" });
  (await app.request("DELETE", "/user", { query: { id: "ghost" } })).json();
  const document = (await app.request("GET", "/openapi.json")).json<OpenApiDocument>();
  const hosts = (await app.request("GET", "/host/all")).json<{ body: string[][] }>();
  const tokenOf = (who: Person) => tokens.get(who) as string;

  async function makeThings(who: Person): Promise<Things> {
    const token = tokenOf(who);
    const { id: owner_id, projectId: project_id } = people[who];
    const post = async <T>(path: string, body: object) => (await app.request("POST", path, { token, body })).json<T>();
    const dataset = await makeDataset(app.app, { rows: 4, owner: { owner_id, project_id } });
    const cluster = await makeCluster(app, { name: `cluster ${randomUUID().replace(/^/, "c")}`, token });
    const task = (await post<TaskBody>("/task/request", requestBody(cluster, dataset))).uuid;
    const checkpoint = (await post<TaskBody>("/cluster/save", { name: "saved", cluster_uuid: cluster })).uuid;
    await untilFinished(app, cluster, checkpoint);
    const csv = await post<Things["csv"]>("/dataset/upload/csv", { name: "announced", input_data_size: 8 });
    const sizes = { input_data_size: 20, label_data_size: 9 };
    const mnist = await post<Things["mnist"]>("/dataset/upload/mnist", { name: "announced", ...sizes });
    const file = await post<Things["file"]>("/checkpoint/upload", { name: "announced", input_data_size: 8 });
    return { cluster, dataset, task, checkpoint, csv, mnist, file };
  }

  const known = new Map<Person, Promise<Things>>();
  return {
    app,
    document,
    endpoints: endpointsOf(document),
    host: hosts.body[0]?.[0] as string,
    tokenOf,
    outsiderToken: (who) =>
      ({ "a role that no policy names": roleless, "a deleted user": ghost, "nobody (no token)": null })[who],
    things(who) {
      if (!known.has(who)) known.set(who, makeThings(who));
      return known.get(who) as Promise<Things>;
    },
    makeThings,
    send(endpoint, input, token) {
      const { method, path } = endpoint;
      if (method === "POST" || method === "PUT") return app.request(method, path, { token, body: input });
      return app.request(method, path, { token, query: input as Record<string, string | number> });
    },
    close: () => app.close(),
  };
}

export interface Sample {
  /**
   * Callers who get 200: everybody, everybody with a token (for their own resources), administrators, or those who see
   * the resources that the input names.
   */
  access: "public" | "anyone" | "admins" | "visible";
  /** A valid input about this user's resources. */
  input: (world: World, who: Person, things: Things) => Record<string, unknown> | Promise<Record<string, unknown>>;
  /** The status of that input; 200 by default. */
  status?: number;
}

let counter = 0;
const freshId = (prefix: string) => `${prefix}_${++counter}`;

async function freshUser(world: World): Promise<string> {
  const id = freshId("user");
  const body = { id, name: "some user", passphrase: base64(testPassphrase) };
  (await world.app.request("POST", "/user", { body })).json();
  return id;
}

async function freshProject(world: World): Promise<string> {
  const id = freshId("project");
  (await world.app.request("POST", "/project", { body: { id, name: "some project" } })).json();
  return id;
}

const nothing = () => ({});
const firstPage = () => ({ page: 0, limit: 10 });
const list: Sample = { access: "anyone", input: firstPage };

/** A valid input for every endpoint. An endpoint without one fails the tests that walk the OpenAPI document. */
export const samples: Record<string, Sample> = {
  "GET /openapi.json": { access: "public", input: nothing },
  "POST /token": { access: "public", input: () => ({ id: adminId, passphrase: base64(testPassphrase) }) },
  "PUT /token": { access: "anyone", input: (_world, who) => ({ project_id: people[who].projectId }) },
  "POST /token/key": { access: "anyone", input: () => ({ name: freshId("key"), expires_in: 60 }) },
  "GET /token/key/all": list,
  "DELETE /token/key": {
    access: "visible",
    input: async (world, who) => {
      const body = { name: freshId("key"), expires_in: 60 };
      const made = await world.app.request("POST", "/token/key", { token: world.tokenOf(who), body });
      return { uuid: made.json<{ uuid: string }>().uuid };
    },
  },

  "POST /user": {
    access: "admins",
    input: () => ({ id: freshId("user"), name: "some user", passphrase: base64(testPassphrase), is_admin: false }),
  },
  "GET /user": { access: "admins", input: () => ({ id: people.owner.id }) },
  "GET /user/all": { access: "admins", input: firstPage },
  "DELETE /user": { access: "admins", input: async (world) => ({ id: await freshUser(world) }) },
  "POST /user/project": {
    access: "admins",
    input: async (world) => ({
      id: await freshUser(world),
      project_id: "alpha_project",
      role: "member",
      is_project_admin: true,
    }),
  },
  "DELETE /user/project": {
    access: "admins",
    input: async (world) => {
      const assignment = { id: await freshUser(world), project_id: "alpha_project" };
      await world.app.request("POST", "/user/project", { body: { ...assignment, role: "member" } });
      return assignment;
    },
  },
  "GET /user/project": { access: "anyone", input: nothing },

  "POST /project": { access: "admins", input: () => ({ id: freshId("project"), name: "some project" }) },
  "GET /project": { access: "admins", input: async (world) => ({ id: await freshProject(world) }) },
  "GET /project/all": { access: "admins", input: firstPage },
  "DELETE /project": { access: "admins", input: async (world) => ({ id: await freshProject(world) }) },

  "GET /dataset": { access: "visible", input: (_world, _who, { dataset }) => ({ uuid: dataset }) },
  "GET /dataset/all": list,
  "GET /dataset/content": {
    access: "visible",
    input: (_world, _who, { dataset }) => ({
      uuid: dataset,
      column_name: "label",
      row_offset: 1,
      number_of_rows: 2,
    }),
  },
  "GET /dataset/check": {
    access: "visible",
    input: (_world, _who, { dataset }) => ({ uuid: dataset, reference_uuid: dataset }),
  },
  "GET /dataset/progress": { access: "visible", input: (_world, _who, { csv }) => ({ uuid: csv.uuid }) },
  "GET /dataset/download": { access: "visible", input: (_world, _who, { dataset }) => ({ uuid: dataset }) },
  "DELETE /dataset": { access: "visible", input: (_world, _who, { dataset }) => ({ uuid: dataset }) },
  "POST /dataset/upload/mnist": {
    access: "anyone",
    input: () => ({ name: "announced", input_data_size: 20, label_data_size: 9 }),
  },
  ...Object.fromEntries(
    Object.keys(uploadFormats).flatMap((format): [string, Sample][] => [
      [
        `POST /dataset/upload/${format}`,
        { access: "anyone", input: () => ({ name: "announced", input_data_size: 8 }) },
      ],
      // Announced as another kind.
      [
        `PUT /dataset/upload/${format}`,
        {
          access: "visible",
          status: 400,
          input: (_world, _who, { csv: { uuid, uuid_input_file } }) => ({ uuid, uuid_input_file }),
        },
      ],
    ]),
  ),
  // Nothing was uploaded; complete uploads are tested with the sockets.
  "PUT /dataset/upload/csv": {
    access: "visible",
    status: 409,
    input: (_world, _who, { csv: { uuid, uuid_input_file } }) => ({ uuid, uuid_input_file }),
  },
  "PUT /dataset/upload/mnist": {
    access: "visible",
    status: 409,
    input: (_world, _who, { mnist: { uuid, uuid_input_file, uuid_label_file } }) => ({
      uuid,
      uuid_input_file,
      uuid_label_file,
    }),
  },

  "POST /cluster": {
    access: "anyone",
    input: (world) => ({ name: freshId("cluster"), template: "", host_uuid: world.host, seed: 7 }),
  },
  "GET /cluster": { access: "visible", input: (_world, _who, { cluster }) => ({ uuid: cluster }) },
  "GET /cluster/all": list,
  "GET /cluster/columns": { access: "visible", input: (_world, _who, { cluster }) => ({ uuid: cluster }) },
  "DELETE /cluster": { access: "visible", input: (_world, _who, { cluster }) => ({ uuid: cluster }) },
  "POST /cluster/save": {
    access: "visible",
    input: (_world, _who, { cluster }) => ({ name: "saved", cluster_uuid: cluster }),
  },
  "POST /cluster/load": {
    access: "visible",
    input: (_world, _who, { cluster, checkpoint }) => ({ cluster_uuid: cluster, checkpoint_uuid: checkpoint }),
  },
  "PUT /cluster/set_mode": {
    access: "visible",
    input: (_world, _who, { cluster }) => ({ uuid: cluster, new_state: "DIRECT" }),
  },
  "POST /cluster/predict": {
    access: "visible",
    input: (_world, _who, { cluster }) => ({ cluster_uuid: cluster, rows: [{ picture_hex: [0, 1] }] }),
  },
  "POST /cluster/learn": {
    access: "visible",
    input: (_world, _who, { cluster }) => ({
      cluster_uuid: cluster,
      rows: [{ picture_hex: [0, 1], label_hex: [1, 0] }],
      predict: true,
      targets: {},
    }),
  },
  "PUT /cluster/switch_host": {
    access: "visible",
    input: (world, _who, { cluster }) => ({ cluster_uuid: cluster, host_uuid: world.host, hexagon_id: 1 }),
  },

  "POST /task/train": {
    access: "visible",
    input: (_world, _who, { cluster, dataset }) => ({
      name: "train_task",
      cluster_uuid: cluster,
      inputs: [{ dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "picture_hex" }],
      outputs: [{ dataset_uuid: dataset, dataset_column: "label", hexagon_name: "label_hex" }],
    }),
  },
  "POST /task/request": {
    access: "visible",
    input: (_world, _who, { cluster, dataset }) => requestBody(cluster, dataset),
  },
  "POST /task/evaluate": {
    access: "visible",
    input: (_world, _who, { cluster, dataset }) => ({
      name: "evaluate_task",
      cluster_uuid: cluster,
      inputs: [{ dataset_uuid: dataset, dataset_column: "picture", hexagon_name: "picture_hex" }],
      outputs: [{ dataset_uuid: dataset, dataset_column: "label", hexagon_name: "label_hex" }],
    }),
  },
  "GET /task": {
    access: "visible",
    // Over, so the answer comes at once.
    input: (_world, _who, { task, cluster }) => ({ uuid: task, cluster_uuid: cluster, wait: 50 }),
  },
  "GET /task/metrics": {
    access: "visible",
    input: (_world, _who, { task, cluster }) => ({ uuid: task, cluster_uuid: cluster, format: "json" }),
  },
  "GET /task/all": {
    access: "visible",
    input: (_world, _who, { cluster }) => ({ cluster_uuid: cluster, page: 0, limit: 10 }),
  },
  "DELETE /task": {
    access: "visible",
    input: (_world, _who, { task, cluster }) => ({ uuid: task, cluster_uuid: cluster }),
  },

  "GET /checkpoint": { access: "visible", input: (_world, _who, { checkpoint }) => ({ uuid: checkpoint }) },
  "GET /checkpoint/all": list,
  "GET /checkpoint/download": {
    access: "visible",
    input: (_world, _who, { checkpoint }) => ({ uuid: checkpoint }),
  },
  "POST /checkpoint/upload": { access: "anyone", input: () => ({ name: "announced", input_data_size: 8 }) },
  "PUT /checkpoint/upload": {
    access: "visible",
    status: 409,
    input: (_world, _who, { file: { uuid, uuid_input_file } }) => ({ uuid, uuid_input_file }),
  },
  "DELETE /checkpoint": { access: "visible", input: (_world, _who, { checkpoint }) => ({ uuid: checkpoint }) },

  "GET /host/all": list,
  "GET /events": {
    access: "visible",
    input: (_world, _who, { task, cluster }) => ({ cluster_uuid: cluster, task_uuid: task, kind: "task,cluster.mode" }),
  },
  "GET /audit_log": { access: "anyone", input: () => ({ page: 0 }) },
  "GET /error_log": { access: "admins", input: () => ({ page: 0 }) },
  "GET /power_consumption": { access: "anyone", input: nothing },
  "GET /temperature_production": { access: "anyone", input: nothing },
  "GET /speed": { access: "anyone", input: nothing },
  "GET /threading": { access: "anyone", input: nothing },
  "GET /system_info": { access: "anyone", input: nothing },
};

export const keyOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`;

/** The sample of an endpoint; fails if there is none. */
export function sampleOf(endpoint: { method: string; path: string }): Sample {
  const sample = samples[keyOf(endpoint)];
  if (sample === undefined) throw new Error(`${keyOf(endpoint)} has no sample in test/conformance/world.ts`);
  return sample;
}
