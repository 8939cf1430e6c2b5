import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HanamiClient } from "hanami-sdk";
import { drawDigits } from "../../scripts/demo/digits.ts";
import { encodePair } from "../../scripts/demo/idx.ts";
import { program, runCli } from "../cli/run-cli.ts";
import { smallTemplate } from "../support/compute.ts";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

/** One command of the seed's CLI or one function of its SDK, carried out for real. */
export interface Step {
  /** As the seed writes it. */
  name: string;
  /** Our client's equivalent. */
  ours: string;
  /** Throws when it does not work. */
  run: () => Promise<unknown>;
}

/** A request that the SDK made. */
export interface SeenRequest {
  method: string;
  path: string;
  keys: string[];
}

export interface Stage {
  app: TestApp;
  url: string;
  folder: string;
  /** All requests of the SDK client below. */
  seen: SeenRequest[];
  client: HanamiClient;
  close(): Promise<void>;
}

/** A listening server, an SDK client whose requests are recorded, and files to upload. */
export async function openStage(): Promise<Stage> {
  const app = await createTestApp();
  const { url } = await app.server.listen();
  const folder = await mkdtemp(join(tmpdir(), "hanami-steps-"));
  const { images, labels } = encodePair(drawDigits(120, 1));
  await writeFile(join(folder, "images"), images);
  await writeFile(join(folder, "labels"), labels);
  await writeFile(join(folder, "table.csv"), "test_input,test_output\n1,0\n2,1\n3,0\n");
  await writeFile(join(folder, "template"), smallTemplate);
  const seen: SeenRequest[] = [];
  const client = new HanamiClient({
    address: url,
    user: adminId,
    passphrase: testPassphrase,
    fetch: (input, init) => {
      const target = new URL(String(input instanceof Request ? input.url : input));
      const body = typeof init?.body === "string" ? Object.keys(JSON.parse(init.body) as object) : [];
      const path = target.pathname.replace("/v1.0alpha", "");
      seen.push({ method: init?.method ?? "GET", path, keys: [...body, ...target.searchParams.keys()] });
      return fetch(input, init);
    },
  });
  return {
    app,
    url,
    folder,
    seen,
    client,
    async close() {
      await app.close();
      await rm(folder, { recursive: true });
    },
  };
}

function check(what: string, isRight: boolean): void {
  if (!isRight) throw new Error(what);
}

/** Runs hanamictl; throws unless it succeeds and its output has these texts. */
async function hanamictl(stage: Stage, args: string[], ...texts: string[]): Promise<string> {
  const env = { HANAMI_ADDRESS: stage.url, HANAMI_USER: adminId, HANAMI_PW: testPassphrase };
  const { code, stdout, stderr } = await runCli(args, { env, command: [program] });
  check(`ended with ${code}: ${stdout}${stderr}`, code === 0);
  for (const text of texts) check(`no '${text}' in: ${stdout}`, stdout.includes(text));
  return stdout;
}

/** Every command of the seed, in an order in which each one finds what it needs. */
export function cliSteps(stage: Stage): Step[] {
  const file = (name: string) => join(stage.folder, name);
  const known: Record<string, string> = {};
  const run = (args: string[], ...texts: string[]) => hanamictl(stage, args, ...texts);
  const keep = async (name: string, args: string[], ...texts: string[]) => {
    const answer = JSON.parse(await run([...args, "-j"], ...texts)) as { uuid: string };
    known[name] = answer.uuid;
  };
  const get = (name: string) => known[name] ?? `no ${name}`;
  const bound = (column: string, hexagon: string) => `${get("dataset")}:${column}:${hexagon}`;
  const onCluster = () => ["-c", get("cluster")];
  const untilFinished = async (task: string) => {
    for (;;) {
      const text = await run(["task", "get", ...onCluster(), get(task), "-j"]);
      const { state } = JSON.parse(text) as { state: string };
      if (state === "finished") return;
      check(`the task is ${state}`, state === "queued" || state === "active");
    }
  };
  const step = (name: string, run: () => Promise<unknown>): Step => ({ name, ours: "the same", run });
  return [
    step("project create -n <NAME> <PROJECT_ID>", () =>
      run(["project", "create", "-n", "cli test project", "cli_test_project"], "| CREATOR ID | asdf"),
    ),
    step("project get <PROJECT_ID>", () =>
      run(["project", "get", "cli_test_project"], "| NAME       | cli test project"),
    ),
    step("project list", () => run(["project", "list"], "CREATOR ID", "cli_test_project")),
    step("user create -n <NAME> -p <PASSPHRASE> <USER_ID>", () =>
      run(["user", "create", "-n", "cli test user", "-p", "asdfasdfasdf", "cli_test_user"], "| IS ADMIN   | false"),
    ),
    step("user get <USER_ID>", () => run(["user", "get", "cli_test_user"], "| PROJECTS   | []")),
    step("user list", () => run(["user", "list"], "IS ADMIN", "HANAMI_INIT", "cli_test_user")),
    step("user delete <USER_ID>", () =>
      run(["user", "delete", "cli_test_user"], "successfully deleted user 'cli_test_user'"),
    ),
    step("project delete <PROJECT_ID>", () =>
      run(["project", "delete", "cli_test_project"], "successfully deleted project 'cli_test_project'"),
    ),
    step("dataset create mnist -i <FILE> -l <FILE> <NAME>", () =>
      keep("dataset", ["dataset", "create", "mnist", "-i", file("images"), "-l", file("labels"), "cli_test_dataset"]),
    ),
    step("dataset create csv -i <FILE> <NAME>", () =>
      keep("csv", ["dataset", "create", "csv", "-i", file("table.csv"), "test_csv"], '"number_of_rows": 3'),
    ),
    step("dataset get <DATASET_UUID>", () => run(["dataset", "get", get("dataset")], "| NUMBER OF COLUMNS | 794")),
    step("dataset list", () => run(["dataset", "list"], "VISIBILITY", "cli_test_dataset", "test_csv")),
    step("cluster create -t <FILE> <NAME>", () =>
      keep("cluster", ["cluster", "create", "-t", file("template"), "cli_test_cluster"]),
    ),
    step("cluster get <CLUSTER_UUID>", () =>
      run(["cluster", "get", get("cluster")], "| OWNER ID ", "cli_test_cluster"),
    ),
    step("cluster list", () => run(["cluster", "list"], "PROJECT ID", "cli_test_cluster")),
    step("task create train -i <D:C:H> -o <D:C:H> -c <CLUSTER_UUID> <NAME>", async () => {
      const inputs = ["-i", bound("picture", "picture_hex"), "-o", bound("label", "label_hex")];
      await keep("train", ["task", "create", "train", ...inputs, ...onCluster(), "train_task"]);
      await untilFinished("train");
    }),
    step("task create request -i <D:C:H> -r <H:C> -c <CLUSTER_UUID> <NAME>", async () => {
      const inputs = ["-i", bound("picture", "picture_hex"), "-r", "label_hex:test_output"];
      await keep("request", ["task", "create", "request", ...inputs, ...onCluster(), "request_task"]);
      await untilFinished("request");
    }),
    step("task get -c <CLUSTER_UUID> <TASK_UUID>", () =>
      run(["task", "get", ...onCluster(), get("train")], "| STATE                  | finished", "| 120 "),
    ),
    step("task list -c <CLUSTER_UUID>", () => run(["task", "list", ...onCluster()], "STATE", get("train"))),
    step("dataset check -r <DATASET_UUID> <DATASET_UUID>", () =>
      run(["dataset", "check", "-r", get("dataset"), get("request")], "| ACCURACY |"),
    ),
    step("dataset content -c <COLUMN> -n <ROWS> -o <OFFSET> <DATASET_UUID>", () =>
      run(
        ["dataset", "content", "-c", "test_output", "-o", "100", "-n", "10", get("request")],
        "| 100 | 0.",
        "| 109 |",
      ),
    ),
    step("task delete -c <CLUSTER_UUID> <TASK_UUID>", () =>
      run(["task", "delete", ...onCluster(), get("request")], `successfully deleted task '${get("request")}'`),
    ),
    step("cluster save -n <NAME> <CLUSTER_UUID>", async () => {
      await keep("checkpoint", ["cluster", "save", "-n", "cli_test_checkpoint", get("cluster")]);
      await untilFinished("checkpoint");
    }),
    step("checkpoint list", () => run(["checkpoint", "list"], "cli_test_checkpoint", get("checkpoint"))),
    step("checkpoint get <CHECKPOINT_UUID>", () =>
      run(["checkpoint", "get", get("checkpoint")], "| NAME       | cli_test_checkpoint"),
    ),
    step("cluster restore -c <CHECKPOINT_UUID> <CLUSTER_UUID>", () =>
      run(["cluster", "restore", "-c", get("checkpoint"), get("cluster")], "| UUID"),
    ),
    step("checkpoint delete <CHECKPOINT_UUID>", () =>
      run(["checkpoint", "delete", get("checkpoint")], `successfully deleted checkpoint '${get("checkpoint")}'`),
    ),
    step("cluster delete <CLUSTER_UUID>", () =>
      run(["cluster", "delete", get("cluster")], `successfully deleted cluster '${get("cluster")}'`),
    ),
    step("dataset delete <DATASET_UUID>", () =>
      run(["dataset", "delete", get("csv")], `successfully deleted dataset '${get("csv")}'`),
    ),
    step("host list", () => run(["host", "list"], "UUID", "TYPE", "| cpu")),
  ];
}

/** Every function of the seed's SDK, by upstream's names, through our TypeScript client. */
export function sdkSteps(stage: Stage): Step[] {
  const { client } = stage;
  const file = async (name: string) => new Blob([await readFile(join(stage.folder, name))]);
  const known: Record<string, string> = {};
  const get = (name: string) => known[name] ?? "";
  const keep = async (name: string, answer: Promise<{ uuid: string }>) => {
    known[name] = (await answer).uuid;
  };
  const bound = (dataset_column: string, hexagon_name: string) => ({
    dataset_uuid: get("dataset"),
    dataset_column,
    hexagon_name,
  });
  const reference = (task: string) => ({ uuid: get(task), cluster_uuid: get("cluster") });
  const finish = (task: string) => client.tasks.wait(reference(task), { intervalMs: 20 });
  const sample = Float32Array.from({ length: 784 }, (_, index) => index % 200);
  const step = (name: string, ours: string, run: () => Promise<unknown>): Step => ({ name, ours, run });
  const has = async (what: string, list: Promise<{ uuid?: string; id?: string }[]>, id: string) =>
    check(
      `no ${what} ${id} in the list`,
      (await list).some((row) => (row.uuid ?? row.id) === id),
    );
  let direct: Awaited<ReturnType<HanamiClient["clusters"]["directIO"]>> | undefined;
  return [
    step("hanami_token.request_token", "client.login", async () =>
      check("a token", (await client.login()).token.split(".").length === 3),
    ),
    step("project.create_project", "projects.create", () =>
      client.projects.create({ id: "test_project", name: "Test Project" }),
    ),
    step("project.get_project", "projects.get", async () =>
      check("the name", (await client.projects.get("test_project")).name === "Test Project"),
    ),
    step("project.list_projects", "projects.list", () => has("project", client.projects.list(), "test_project")),
    step("user.create_user", "users.create", () =>
      client.users.create({ id: "new_user", name: "new_user", passphrase: "asdfasdf", is_admin: false }),
    ),
    step("user.get_user", "users.get", async () =>
      check("the creator", (await client.users.get("new_user")).creator_id === adminId),
    ),
    step("user.list_users", "users.list", () => has("user", client.users.list(), "new_user")),
    step("user.add_roject_to_user", "users.addProject", async () => {
      for (const id of ["new_user", adminId]) {
        const user = await client.users.addProject({ id, project_id: "test_project", role: "member" });
        check("the project", user.projects[0]?.project_id === "test_project");
      }
    }),
    step("user.list_projects_of_user", "users.listOwnProjects", async () =>
      check("two projects", (await client.users.listOwnProjects()).length === 2),
    ),
    step("user.switch_project", "client.switchProject", async () => {
      check("a token", (await client.switchProject("test_project")).token.length > 10);
      await client.switchProject("admin");
    }),
    step("user.remove_project_fromUser", "users.removeProject", async () => {
      const user = await client.users.removeProject({ id: "new_user", project_id: "test_project" });
      check("no project", user.projects.length === 0);
    }),
    step("user.delete_user", "users.delete", () => client.users.delete("new_user")),
    step("project.delete_project", "projects.delete", async () => {
      await client.users.removeProject({ id: adminId, project_id: "test_project" });
      await client.projects.delete("test_project");
    }),
    step("dataset.upload_mnist_files", "datasets.uploadMnist", async () => {
      const files = { images: await file("images"), labels: await file("labels") };
      await keep("dataset", client.datasets.uploadMnist({ name: "train_test_dataset", ...files }));
    }),
    step("dataset.upload_csv_files", "datasets.uploadCsv", async () =>
      keep("csv", client.datasets.uploadCsv({ name: "csv_dataset", file: await file("table.csv") })),
    ),
    step("dataset.wait_until_upload_complete", "datasets.progress", async () =>
      check("complete", (await client.datasets.progress(get("csv"))).complete),
    ),
    step("dataset.send_data", "datasets.announceCsv, datasets.resumeUpload", async () => {
      const table = await file("table.csv");
      const pending = await client.datasets.announceCsv("resumed", table.size);
      await client.datasets.resumeUpload(pending, { file: table });
    }),
    step("dataset.get_dataset", "datasets.get", async () =>
      check("794 columns", (await client.datasets.get(get("dataset"))).number_of_columns === 794),
    ),
    step("dataset.list_datasets", "datasets.list", () => has("dataset", client.datasets.list(), get("dataset"))),
    step("dataset.delete_dataset", "datasets.delete", () => client.datasets.delete(get("csv"))),
    step("hosts.list_hosts", "hosts.list", async () => {
      const [host] = await client.hosts.list();
      check("a CPU", host?.type === "cpu");
      known["host"] = host?.uuid ?? "";
    }),
    step("cluster.create_cluster", "clusters.create", () =>
      keep("cluster", client.clusters.create({ name: "test_cluster", template: smallTemplate })),
    ),
    step("cluster.get_cluster", "clusters.get", async () =>
      check("no section", (await client.clusters.get(get("cluster"))).number_of_sections === 0),
    ),
    step("cluster.list_clusters", "clusters.list", () => has("cluster", client.clusters.list(), get("cluster"))),
    step("cluster.switch_host", "clusters.switchHost", () =>
      client.clusters.switchHost({ cluster_uuid: get("cluster"), host_uuid: get("host") }),
    ),
    step("task.create_train_task", "tasks.train", async () => {
      const columns = { inputs: [bound("picture", "picture_hex")], outputs: [bound("label", "label_hex")] };
      await keep("train", client.tasks.train({ name: "test_task", cluster_uuid: get("cluster"), ...columns }));
      await finish("train");
    }),
    step("task.get_task", "tasks.get, tasks.watch, tasks.wait", async () =>
      check("all done", (await client.tasks.get(reference("train"))).percentage_finished === 1),
    ),
    step("task.list_tasks", "tasks.list", () => has("task", client.tasks.list(get("cluster")), get("train"))),
    step("task.create_request_task", "tasks.request", async () => {
      const results = [{ dataset_column: "test_output", hexagon_name: "label_hex" }];
      const columns = { inputs: [bound("picture", "picture_hex")], results };
      await keep("request", client.tasks.request({ name: "test_task", cluster_uuid: get("cluster"), ...columns }));
      await finish("request");
    }),
    step("request_result.check_mnist_dataset, dataset.check_mnist_dataset", "datasets.check", async () =>
      check("percent", (await client.datasets.check({ uuid: get("request"), reference_uuid: get("dataset") })) > 30),
    ),
    step("dataset.download_dataset_content", "datasets.content", async () => {
      const query = { uuid: get("request"), column_name: "test_output", number_of_rows: 2, row_offset: 100 };
      check("2 rows of 10", (await client.datasets.content(query)).map((row) => row.length).join() === "10,10");
    }),
    step("task.delete_task", "tasks.delete", () => client.tasks.delete(reference("request"))),
    step("cluster.save_cluster", "clusters.save", async () => {
      await keep("checkpoint", client.clusters.save({ cluster_uuid: get("cluster"), name: "test_checkpoint" }));
      await finish("checkpoint");
    }),
    step("checkpoint.list_checkpoints", "checkpoints.list", () =>
      has("checkpoint", client.checkpoints.list(), get("checkpoint")),
    ),
    step("checkpoint get (Go SDK)", "checkpoints.get", async () =>
      check("the name", (await client.checkpoints.get(get("checkpoint"))).name === "test_checkpoint"),
    ),
    step("cluster.restore_cluster", "clusters.restore", async () => {
      const input = { cluster_uuid: get("cluster"), checkpoint_uuid: get("checkpoint") };
      await keep("restore", client.clusters.restore(input));
      await finish("restore");
    }),
    step("checkpoint.delete_checkpoint", "checkpoints.delete", () => client.checkpoints.delete(get("checkpoint"))),
    step("cluster.switch_to_direct_mode", "clusters.directIO", async () => {
      direct = await client.clusters.directIO(get("cluster"));
    }),
    step("direct_io.send_train_input", "DirectIO.train", async () =>
      direct?.train({ picture_hex: sample }, { label_hex: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0] }),
    ),
    step("direct_io.send_request_input", "DirectIO.request", async () => {
      const { label_hex } = (await direct?.request({ picture_hex: sample })) ?? {};
      check("10 values", label_hex?.length === 10);
    }),
    step("cluster.switch_to_task_mode", "DirectIO.close, clusters.setMode", async () => direct?.close()),
    step("cluster.delete_cluster", "clusters.delete", () => client.clusters.delete(get("cluster"))),
    step("logs.list_audit_logs", "logs.audit", async () =>
      check(
        "own rows",
        (await client.logs.audit({ user_id: adminId })).every((row) => row.user_id === adminId),
      ),
    ),
    step("logs.list_error_logs", "logs.errors", async () =>
      check("no internal error", (await client.logs.errors()).length === 0),
    ),
    step("thread mapping (Go SDK)", "system.threading", () => client.system.threading()),
    step("power consumption (Go SDK)", "system.powerConsumption", () => client.system.powerConsumption()),
    step("temperature production (Go SDK)", "system.temperature", () => client.system.temperature()),
    step("speed (Go SDK)", "system.speed", () => client.system.speed()),
    step("system info (Go SDK)", "system.info", () => client.system.info()),
  ];
}

/** Our functions for what the seed lacks, so that the SDK reaches every endpoint. */
export function furtherSdkSteps(stage: Stage): Step[] {
  const { client } = stage;
  const step = (ours: string, run: () => Promise<unknown>): Step => ({ name: "–", ours, run });
  return [
    step("datasets.download, datasets.uploadFile", async () => {
      const table = new Blob([await readFile(join(stage.folder, "table.csv"))]);
      const { uuid } = await client.datasets.uploadCsv({ name: "downloaded", file: table });
      for (const format of ["parquet", "arrow", "npy"] as const) {
        const { body } = await client.datasets.download({ uuid, format });
        const again = { name: "uploaded again", file: await new Response(body).blob(), format };
        check("3 rows", (await client.datasets.uploadFile(again)).number_of_rows === 3);
      }
    }),
    step("tasks.evaluate", async () => {
      const table = new Blob(["x,y\n1,0\n2,1\n3,0\n4,1\n"]);
      const { uuid: dataset_uuid } = await client.datasets.uploadCsv({ name: "targets", file: table });
      const { uuid: cluster_uuid } = await client.clusters.create({ name: "evaluated", template: smallTemplate });
      const bound = (dataset_column: string, hexagon_name: string) => [{ dataset_uuid, dataset_column, hexagon_name }];
      const columns = { inputs: bound("x", "picture_hex"), outputs: bound("y", "label_hex") };
      const task = await client.tasks.evaluate({ name: "evaluate_task", cluster_uuid, ...columns });
      const { metrics } = await client.tasks.wait(task, { intervalMs: 20 });
      check("4 rows", metrics?.["label_hex"]?.rows === 4);
    }),
    step("tasks.metrics, tasks.downloadMetrics", async () => {
      const { uuid: dataset_uuid } = await client.datasets.uploadCsv({
        name: "learnt",
        file: new Blob(["x,y\n1,0\n2,1\n"]),
      });
      const { uuid: cluster_uuid } = await client.clusters.create({ name: "learning", template: smallTemplate });
      const bound = (dataset_column: string, hexagon_name: string) => [{ dataset_uuid, dataset_column, hexagon_name }];
      const columns = { inputs: bound("x", "picture_hex"), outputs: bound("y", "label_hex") };
      const task = await client.tasks.wait(await client.tasks.train({ name: "train_task", cluster_uuid, ...columns }));
      check("2 cycles", (await client.tasks.metrics(task)).points.at(-1)?.cycle === 2);
      const csv = await new Response((await client.tasks.downloadMetrics(task)).body).text();
      check("CSV", csv.startsWith("cycle,epoch,"));
    }),
    step("clusters.create with checkpoint_uuid, checkpoints.download, checkpoints.upload", async () => {
      const first = await client.clusters.create({ name: "to be copied", template: smallTemplate });
      const task = await client.clusters.save({ cluster_uuid: first.uuid, name: "copied" });
      await client.tasks.wait({ uuid: task.uuid, cluster_uuid: first.uuid }, { intervalMs: 20 });
      const { body } = await client.checkpoints.download(task.uuid);
      const file = await new Response(body).blob();
      const { uuid } = await client.checkpoints.upload({ name: "uploaded", file });
      await client.clusters.create({ name: "copy", checkpoint_uuid: uuid });
    }),
    step("client.events, tasks.follow", async () => {
      const { uuid } = await client.clusters.create({ name: "listened to", template: smallTemplate });
      const task = { ...(await client.clusters.save({ cluster_uuid: uuid, name: "told" })), cluster_uuid: uuid };
      const states: string[] = [];
      for await (const news of client.tasks.follow(task)) if (news.kind === "task") states.push(news.task.state);
      check("the end", states.at(-1) === "finished");
      const query = { cluster_uuid: uuid, task_uuid: task.uuid, kind: "cluster" };
      for await (const { kind } of client.events({ ...query, lastEventId: "of another server" })) {
        check("events were missed", kind === "stream.reset");
        break;
      }
    }),
    step("clusters.learn, clusters.predict", async () => {
      const { uuid } = await client.clusters.create({ name: "rows of JSON", template: smallTemplate });
      await client.clusters.learn(uuid, [{ picture_hex: [1], label_hex: [1] }]);
      check("one row", (await client.clusters.predict(uuid, [{ picture_hex: [1] }])).rows.length === 1);
    }),
    step("clusters.find, clusters.columns", async () => {
      const { uuid } = await client.clusters.create({ name: "to be found", template: smallTemplate });
      check("its uuid", (await client.clusters.find("to be found")) === uuid);
      check("no tables", (await client.clusters.columns(uuid)).inputs.length === 0);
    }),
    step("keys.create, keys.list, keys.revoke, a client with a key", async () => {
      const { uuid, key } = await client.keys.create({ name: "service", expires_in: 60, role: "member" });
      const service = new HanamiClient({ address: stage.url, key });
      check("one host", (await service.hosts.list()).length > 0);
      check(
        "its uuid",
        (await client.keys.list()).some((each) => each.uuid === uuid),
      );
      await client.keys.revoke(uuid);
    }),
    step("client.request", async () => {
      const document = (await client.request("GET", "/openapi.json")) as { openapi: string };
      check("3.1", document.openapi.startsWith("3.1"));
    }),
  ];
}
