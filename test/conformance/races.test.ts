import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { error_log } from "../../src/db/schema/index.ts";
import { announceCsv, sendFile } from "../api/dataset-support.ts";
import { makeCluster, makeDataset, requestBody, smallTemplate, trainBody, untilFinished } from "../support/compute.ts";
import { createRandom, type Random } from "../support/random.ts";
import {
  base64,
  createTestApp,
  databases,
  type TestApp,
  type TestDatabase,
  type TestResponse,
} from "../support/test-app.ts";

/** One request or handshake; a refused handshake counts as status 404. */
type Step = () => Promise<Pick<TestResponse, "status" | "text">>;

/** Fewer on PGlite by default: it carries out one statement at a time, so fewer orders are possible. */
const roundsOn = ({ name }: TestDatabase) => Number(process.env["HANAMI_RACE_ROUNDS"] ?? (name === "PGlite" ? 1 : 2));

vi.setConfig({ testTimeout: 30_000 * Math.max(...databases.map(roundsOn)) + 60_000, hookTimeout: 60_000 });

/** The target of the deletions, and everything that refers to it. */
interface Target {
  id: string;
  project: string;
  token: string;
  cluster: string;
  dataset: string;
  checkpoint: string;
  task: string;
  csv: { uuid: string; uuid_input_file: string };
  file: { uuid: string; uuid_input_file: string };
  host: string;
}

describe.each(databases)("creations on $name race with the deletion of their parent", (database) => {
  const rounds = roundsOn(database);
  let app: TestApp;
  let url: string;
  let host: string;
  let checkpointFile: Buffer;
  beforeAll(async () => {
    app = await createTestApp({ database });
    ({ url } = await app.server.listen());
    host = (await app.request("GET", "/host/all")).json<{ body: string[][] }>().body[0]?.[0] as string;
  });
  afterAll(() => app.close());

  let count = 0;
  async function makeTarget(): Promise<Target> {
    const project = `race_${++count}`;
    const id = `racer_${count}`;
    await app.request("POST", "/project", { body: { id: project, name: "some name" } });
    const token = await app.addUser({ id, projectId: project });
    const post = async <T>(path: string, body: object) => (await app.request("POST", path, { token, body })).json<T>();
    const dataset = await makeDataset(app.app, { rows: 8, owner: { owner_id: id, project_id: project } });
    const cluster = await makeCluster(app, { name: `cluster ${project}`, token });
    const checkpoint = (await post<{ uuid: string }>("/cluster/save", { name: "saved", cluster_uuid: cluster })).uuid;
    await untilFinished(app, cluster, checkpoint);
    if (checkpointFile === undefined) {
      const { token: admin } = app;
      const answer = await fetch(`${url}/v1.0alpha/checkpoint/download?uuid=${checkpoint}`, {
        headers: { "X-Auth-Token": admin },
      });
      checkpointFile = Buffer.from(await answer.arrayBuffer());
    }
    const csv = await announceCsv(app, 8, token);
    await sendFile(url, token, csv.uuid_input_file, Buffer.from("a,b\n1,2\n"));
    const announced = { name: "some file", input_data_size: checkpointFile.length };
    const file = await post<Target["file"]>("/checkpoint/upload", announced);
    await sendFile(url, token, file.uuid_input_file, checkpointFile);
    // Last, so that it runs during the race.
    const task = (await post<{ uuid: string }>("/task/train", trainBody(cluster, dataset, { epochs: 1000 }))).uuid;
    return { id, project, token, cluster, dataset, checkpoint, task, csv, file, host };
  }

  const send = (method: string, path: string, values: object, token: string) => {
    const isQuery = method === "GET" || method === "DELETE";
    return app.request(method, path, {
      token,
      ...(isQuery ? { query: values as Record<string, string> } : { body: values }),
    });
  };

  let names = 0;
  /** Everything that creates or changes something, or reads its files. */
  function makers(target: Target): Record<string, Step> {
    const { token, cluster, dataset, checkpoint, task, csv, file, id, project } = target;
    const ask = (method: string, path: string, values: () => object) => () => send(method, path, values(), token);
    const asAdmin = (method: string, path: string, values: () => object) => () =>
      send(method, path, values(), app.token);
    const bySocket = (uuid: string) => async () => {
      const socket = new WebSocket(url.replace("http", "ws"));
      onTestFinished(() => socket.terminate());
      await once(socket, "open");
      const answer = once(socket, "message").then(([data]) => String(data));
      // The user may be deleted between the handshake and its answer.
      const closed = once(socket, "close").then(([code]) =>
        JSON.stringify({ success: false, error: `closed ${code}` }),
      );
      socket.send(JSON.stringify({ token, target: "file_upload", uuid }));
      const { success, error } = JSON.parse(await Promise.race([answer, closed])) as {
        success: boolean;
        error?: string;
      };
      socket.terminate();
      return { status: success ? 200 : error === "" || error === "closed 1011" ? 500 : 404, text: error ?? "" };
    };
    return {
      announceCsv: ask("POST", "/dataset/upload/csv", () => ({ name: "upload", input_data_size: 8 })),
      announceCheckpoint: ask("POST", "/checkpoint/upload", () => ({ name: "upload", input_data_size: 8 })),
      finalizeCsv: ask("PUT", "/dataset/upload/csv", () => ({ uuid: csv.uuid, uuid_input_file: csv.uuid_input_file })),
      finalizeCheckpoint: ask("PUT", "/checkpoint/upload", () => ({
        uuid: file.uuid,
        uuid_input_file: file.uuid_input_file,
      })),
      writeUpload: bySocket(csv.uuid_input_file),
      progress: ask("GET", "/dataset/progress", () => ({ uuid: csv.uuid })),
      createCluster: ask("POST", "/cluster", () => ({ name: `made ${++names}`, template: base64(smallTemplate) })),
      clusterOfCheckpoint: ask("POST", "/cluster", () => ({ name: `made ${++names}`, checkpoint_uuid: checkpoint })),
      save: ask("POST", "/cluster/save", () => ({ name: "saved", cluster_uuid: cluster })),
      load: ask("POST", "/cluster/load", () => ({ cluster_uuid: cluster, checkpoint_uuid: checkpoint })),
      train: ask("POST", "/task/train", () => trainBody(cluster, dataset)),
      request: ask("POST", "/task/request", () => requestBody(cluster, dataset)),
      setMode: ask("PUT", "/cluster/set_mode", () => ({ uuid: cluster, new_state: "DIRECT" })),
      switchHost: ask("PUT", "/cluster/switch_host", () => ({ cluster_uuid: cluster, host_uuid: target.host })),
      getCluster: ask("GET", "/cluster", () => ({ uuid: cluster })),
      getTask: ask("GET", "/task", () => ({ cluster_uuid: cluster, uuid: task })),
      listTasks: ask("GET", "/task/all", () => ({ cluster_uuid: cluster })),
      getDataset: ask("GET", "/dataset", () => ({ uuid: dataset })),
      content: ask("GET", "/dataset/content", () => ({ uuid: dataset, column_name: "label" })),
      check: ask("GET", "/dataset/check", () => ({ uuid: dataset, reference_uuid: dataset })),
      downloadDataset: ask("GET", "/dataset/download", () => ({ uuid: dataset, format: "npy" })),
      downloadCheckpoint: ask("GET", "/checkpoint/download", () => ({ uuid: checkpoint })),
      renew: ask("PUT", "/token", () => ({ project_id: project })),
      assign: asAdmin("POST", "/user/project", () => ({ id, project_id: `other_${++names}`, role: "member" })),
      unassign: asAdmin("DELETE", "/user/project", () => ({ id, project_id: project })),
    };
  }

  const deletions: Record<string, (target: Target) => Promise<TestResponse>> = {
    user: ({ id }) => send("DELETE", "/user", { id }, app.token),
    assignment: ({ id, project }) => send("DELETE", "/user/project", { id, project_id: project }, app.token),
    "project by force": ({ project }) => send("DELETE", "/project", { id: project, force: "true" }, app.token),
    cluster: ({ cluster, token }) => send("DELETE", "/cluster", { uuid: cluster }, token),
    dataset: ({ dataset, token }) => send("DELETE", "/dataset", { uuid: dataset }, token),
    "unfinished dataset": ({ csv, token }) => send("DELETE", "/dataset", { uuid: csv.uuid }, token),
    checkpoint: ({ checkpoint, token }) => send("DELETE", "/checkpoint", { uuid: checkpoint }, token),
    task: ({ task, cluster, token }) => send("DELETE", "/task", { uuid: task, cluster_uuid: cluster }, token),
  };

  /** Runs the steps with the deletion somewhere among them. Resolves to the unacceptable answers. */
  async function race(steps: [string, Step][], deletion: Step, random: Random): Promise<string[]> {
    const odd: string[] = [];
    const run = async (what: string, step: Step) => {
      const { status, text } = await step();
      const isWrong = ![200, 400, 401, 404, 409].includes(status);
      // A resource that was just deleted is missing; its file is never reported as wrong.
      if (isWrong || /is invalid|Internal|ENOENT/.test(text)) odd.push(`${what}: ${status} ${text}`);
    };
    const running: Promise<void>[] = [];
    const place = random.int(0, steps.length - 1);
    for (const [index, [what, step]] of steps.entries()) {
      if (index === place) running.push(run("deletion", deletion));
      running.push(run(what, step));
      if (random.int(0, 1) === 0) await setImmediate();
    }
    await Promise.all(running);
    return odd;
  }

  const errorsNoted = () =>
    app.app.db.delete(error_log).returning({ context: error_log.context, message: error_log.message });

  test.each(Object.keys(deletions))("gets an answer of the contract, and no defect is logged: %s", async (name) => {
    const random = createRandom(name.length);
    for (let round = 0; round < rounds; round++) {
      const target = await makeTarget();
      const steps = Object.entries(makers(target)).flatMap((step) => [step, step]);
      for (let index = steps.length - 1; index > 0; index--) {
        const other = random.int(0, index);
        [steps[index], steps[other]] = [steps[other] as [string, Step], steps[index] as [string, Step]];
      }
      const deletion = deletions[name] as (typeof deletions)[""];
      expect(await race(steps, () => deletion(target), random)).toEqual([]);
    }
    expect(await errorsNoted()).toEqual([]);
  });

  test.each([
    ["load", "cluster"],
    ["load", "checkpoint"],
    ["clusterOfCheckpoint", "checkpoint"],
    ["request", "cluster"],
    ["downloadDataset", "dataset"],
    ["content", "dataset"],
    ["check", "dataset"],
    ["finalizeCsv", "unfinished dataset"],
    ["writeUpload", "unfinished dataset"],
    ["finalizeCheckpoint", "project by force"],
  ])("many concurrent repetitions of %s, and the deletion of the %s", async (maker, name) => {
    const random = createRandom(maker.length);
    for (let round = 0; round < 2 * rounds; round++) {
      const target = await makeTarget();
      const step = makers(target)[maker] as Step;
      const steps = Array.from({ length: 8 }, (): [string, Step] => [maker, step]);
      const deletion = deletions[name] as (typeof deletions)[""];
      expect(await race(steps, () => deletion(target), random)).toEqual([]);
    }
    expect(await errorsNoted()).toEqual([]);
  });
});
