import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { drawDigits } from "../../scripts/demo/digits.ts";
import { encodePair } from "../../scripts/demo/idx.ts";
import { cells, hasScript, program, runOnTerminal, startCliServer, type CliServer } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const template = (outputs: string[]) => `version: 1
settings:
    neuron_cooldown: 10000000.0
hexagons:
    1,1,1
    2,1,1
    ${outputs.map((_, index) => `3,${index + 1},1`).join("\n    ")}
inputs:
    picture_hex: 1,1,1
outputs:
    ${outputs.map((name, index) => `${name}: 3,${index + 1},1`).join("\n    ")}
`;

const rows = 300;
const unknown = "11111111-2222-3333-4444-555555555555";

let server: CliServer;
const files = { images: "", labels: "", template: "", twoOutputs: "" };
/** Uuids that the tests share: a set of digits, and a cluster that is trained on them. */
let digits = "";
let cluster = "";
let pixels: number[][] = [];

beforeAll(async () => {
  server = await startCliServer();
  const folder = server.app.dataDir;
  for (const name of Object.keys(files) as (keyof typeof files)[]) files[name] = join(folder, name);
  const drawn = drawDigits(rows, 1);
  const { images, labels } = encodePair(drawn);
  await writeFile(files.images, images);
  await writeFile(files.labels, labels);
  await writeFile(files.template, template(["label_hex"]));
  await writeFile(files.twoOutputs, template(["first_hex", "second_hex"]));
  const size = drawn.rows * drawn.columns;
  pixels = Array.from({ length: 10 }, (_, row) => [...drawn.pixels.subarray(row * size, (row + 1) * size)]);

  digits = (
    await server.json<{ uuid: string }>("dataset", "create", "mnist", "-i", files.images, "-l", files.labels, "digits")
  ).uuid;
  cluster = (
    await server.json<{ uuid: string }>("cluster", "create", "-t", files.template, "cli_test_cluster", "--seed", "7")
  ).uuid;
});
afterAll(() => server.app.close());

const trainArgs = (name: string) => [
  ...`task create train -i ${digits}:picture:picture_hex -o ${digits}:label:label_hex -c ${cluster}`.split(" "),
  name,
];

interface TaskJson {
  uuid: string;
  state: string;
  current_cycle: number;
  total_number_of_cycles: number;
}

test("datasets are shown, listed, read and deleted", async () => {
  const shown = await server.text("dataset", "get", digits);
  expect(cells(shown).slice(0, 9)).toEqual([
    ["UUID", digits],
    ["NAME", "digits"],
    ["VERSION", "v1.0alpha"],
    ["NUMBER OF COLUMNS", "794"],
    ["NUMBER OF ROWS", String(rows)],
    ["DESCRIPTION", '{"label":{"column_end":794,"column_start":784},"picture":{"column_end":784,"column_start":0}}'],
    ["VISIBILITY", "private"],
    ["OWNER ID", "asdf"],
    ["PROJECT ID", "admin"],
  ]);

  const csv = join(server.app.dataDir, "values.csv");
  await writeFile(csv, "test_input,test_output\n1,2\n3,1000000\n-0.5,0.0000001\n");
  const upload = await server.cli(["dataset", "create", "csv", "-i", csv, "test_csv"]);
  expect(upload).toMatchObject({ code: 0, stderr: "" });
  const created = cells(upload.stdout);
  expect(created[5]?.[1]).toBe(
    '{"test_input":{"column_end":1,"column_start":0},"test_output":{"column_end":2,"column_start":1}}',
  );
  const uuid = created[0]?.[1] as string;
  expect(await server.text("dataset", "content", "-c", "test_output", "-o", "1", "-n", "2", uuid)).toBe(
    [
      "+---+----------------+",
      "|   |       0        |",
      "+---+----------------+",
      "| 1 | 1000000.000000 |",
      "| 2 | 0.000000       |",
      "+---+----------------+",
      "",
    ].join("\n"),
  );
  expect(await server.json("dataset", "content", "-c", "test_input", "-n", "3", uuid)).toEqual([[1], [3], [-0.5]]);
  // Upstream's own script relies on this: the uuid is cell 1, the name the last one.
  const { body } = await server.json<{ body: string[][] }>("dataset", "list");
  expect(body.map((row) => [row[1], row.at(-1)])).toEqual([
    [digits, "digits"],
    [uuid, "test_csv"],
  ]);
  expect(cells(await server.text("dataset", "list"))[0]).toEqual([
    "UUID",
    "NAME",
    "VISIBILITY",
    "OWNER ID",
    "PROJECT ID",
    "CREATED AT",
  ]);
  expect(await server.text("dataset", "delete", uuid)).toBe(`successfully deleted dataset '${uuid}'\n`);
});

test("a dataset is downloaded whole: to a file, to standard output, one column group of it", async () => {
  const csv = join(server.app.dataDir, "round-trip.csv");
  const content = "one,two\n1,0.5\n2,-4\n";
  await writeFile(csv, content);
  const { uuid } = await server.json<{ uuid: string }>("dataset", "create", "csv", "-i", csv, "round_trip");
  expect(await server.text("dataset", "download", uuid, "-o", "-")).toBe(content);
  expect(await server.text("dataset", "download", uuid, "-o", "-", "-c", "two")).toBe("two\n0.5\n-4\n");

  const file = join(server.app.dataDir, "saved.csv");
  const download = ["dataset", "download", uuid, "-o", file];
  expect(await server.text(...download)).toBe(
    `successfully saved dataset '${uuid}' as '${file}' (${content.length} bytes)\n`,
  );
  expect(await readFile(file, "utf8")).toBe(content);
  expect(await server.cli(download)).toEqual({
    code: 1,
    stdout: "",
    stderr: `Error: '${file}' exists already: use --force to replace it\n`,
  });
  expect(await server.json(...download, "--force", "-f", "npy", "-c", "one")).toEqual({
    file,
    bytes: expect.any(Number),
  });
  expect((await readFile(file)).subarray(1, 6).toString()).toBe("NUMPY");
  const again = await server.json<{ uuid: string }>("dataset", "create", "npy", "-i", file, "-c", "third", "from_npy");
  expect(await server.json("dataset", "content", "-c", "third", "-n", "2", again.uuid)).toEqual([[1], [2]]);
  for (const format of ["parquet", "arrow"]) {
    const name = join(server.app.dataDir, `table.${format}`);
    await server.text("dataset", "download", uuid, "-f", format, "-o", name);
    const copy = await server.json<{ uuid: string }>("dataset", "create", format, "-i", name, `from_${format}`);
    expect(await server.text("dataset", "download", copy.uuid, "-o", "-")).toBe(content);
  }
  expect(await server.cli(["dataset", "download", uuid, "-o", "/no/folder/file"])).toMatchObject({
    code: 1,
    stderr: "Error: Cannot write '/no/folder/file': no such file or directory\n",
  });
  expect(await server.cli(["dataset", "download", uuid, "-f", "xls"])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/Allowed choices are csv, parquet, arrow, npy\.\n$/),
  });
});

test("train, save, restore, request and check, as upstream's script does", async () => {
  expect(cells(await server.text("cluster", "get", cluster)).map(([name]) => name)).toEqual([
    "UUID",
    "NAME",
    "VISIBILITY",
    "OWNER ID",
    "NUMBER OF BLOCKS",
    "NUMBER OF SECTIONS",
    "PROJECT ID",
    "CREATED AT",
  ]);
  const queued = await server.json<TaskJson>(...trainArgs("cli_train"), "--epochs", "3", "--batch_size", "16");
  expect(queued).toMatchObject({ state: "queued", total_number_of_cycles: 3 * rows });

  const watched = await server.cli(["task", "watch", "-c", cluster, queued.uuid]);
  expect(watched.code).toBe(0);
  expect(cells(watched.stdout)).toEqual([
    ["UUID", queued.uuid],
    ["STATE", "finished"],
    ["CURRENT CYCLE", "900"],
    ["TOTAL NUMBER OF CYCLES", "900"],
    ["QUEUE TIMESTAMP", expect.any(String)],
    ["START TIMESTAMP", expect.any(String)],
    ["END TIMESTAMP", expect.any(String)],
  ]);
  expect(watched.stderr).toMatch(/^finished {2}100\.0 % {2}900\/900/m);
  expect(await server.text("task", "get", "-c", cluster, queued.uuid)).toBe(watched.stdout);
  const details = cells(await server.text("cluster", "get", "--details", cluster));
  expect(Number(details.find(([name]) => name === "NUMBER OF SECTIONS")?.[1])).toBeGreaterThan(0);
  expect(details.find(([name]) => name === "MODE")?.[1]).toBe("TASK");

  const saved = await server.json<{ uuid: string; name: string }>(
    "cluster",
    "save",
    "-n",
    "cli_checkpoint",
    cluster,
    "--wait",
  );
  expect(saved.name).toBe("cli_checkpoint");
  expect(cells(await server.text("checkpoint", "get", saved.uuid))[1]).toEqual(["NAME", "cli_checkpoint"]);
  expect(cells(await server.text("checkpoint", "list"))[1]?.slice(0, 2)).toEqual([saved.uuid, "cli_checkpoint"]);
  const restored = cells(await server.text("cluster", "restore", "-c", saved.uuid, cluster, "--wait"));
  expect(restored).toEqual([["UUID", expect.stringMatching(/^[0-9a-f-]{36}$/)]]);
  expect(await server.text("checkpoint", "delete", saved.uuid)).toBe(
    `successfully deleted checkpoint '${saved.uuid}'\n`,
  );

  const asked = await server.json<TaskJson>(
    ...`task create request -i ${digits}:picture:picture_hex -r label_hex:test_output -c ${cluster}`.split(" "),
    "cli_request",
    "--wait",
  );
  expect(asked).toMatchObject({ state: "finished", current_cycle: rows });
  const { accuracy } = await server.json<{ accuracy: number }>("dataset", "check", "-r", digits, asked.uuid);
  expect(accuracy).toBeGreaterThan(80);
  expect(cells(await server.text("dataset", "check", "-r", digits, asked.uuid))).toEqual([
    ["ACCURACY", String(accuracy)],
  ]);
  const content = cells(
    await server.text("dataset", "content", "-c", "test_output", "-o", "100", "-n", "3", asked.uuid),
  );
  expect(content.map((row) => row[0])).toEqual(["", "100", "101", "102"]);
  expect(content[1]).toHaveLength(11);
  expect(content[1]?.slice(1).every((cell) => /^\d\.\d{6}$/.test(cell))).toBe(true);
  const listed = await server.json<{ body: string[][] }>("dataset", "list");
  expect(listed.body.find((row) => row[1] === asked.uuid)?.at(-1)).toBe("cli_request");

  expect(cells(await server.text("task", "list", "-c", cluster))[0]).toEqual(["UUID", "STATE"]);
  expect(cells(await server.text("task", "list", "--details", "-c", cluster))[1]?.slice(1, 3)).toEqual([
    "finished",
    "1.000000",
  ]);
  expect(await server.text("task", "delete", "-c", cluster, queued.uuid)).toBe(
    `successfully deleted task '${queued.uuid}'\n`,
  );
});

test("several tasks are watched together, in lines or as events", async () => {
  const first = await server.json<TaskJson>(...trainArgs("watched_first"));
  const second = await server.json<TaskJson>(...trainArgs("watched_second"));
  const watch = ["task", "watch", first.uuid, second.uuid, "-c", cluster];
  const events = (await server.text(...watch, "-j"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; data: TaskJson });
  const ends = events.filter(({ kind, data }) => kind === "task" && data.state === "finished");
  expect(ends.map(({ data }) => data.uuid).sort()).toEqual([first.uuid, second.uuid].sort());
  expect(new Set(events.map(({ data }) => data.uuid))).toEqual(new Set([first.uuid, second.uuid]));

  const shown = await server.cli(watch);
  expect(cells(shown.stdout).filter(([name]) => name === "UUID")).toEqual([
    ["UUID", first.uuid],
    ["UUID", second.uuid],
  ]);
  const ended = String.raw`  finished {2}100\.0 % {2}${rows}/${rows}.*$`;
  expect(shown.stderr).toMatch(new RegExp(`^watched_first${ended}`, "m"));
  expect(shown.stderr).toMatch(new RegExp(`^watched_second${ended}`, "m"));
  const refused = await server.cli(["task", "watch", unknown, "-c", cluster, "-j"]);
  expect(refused).toMatchObject({
    code: 3,
    stdout: "",
    stderr: expect.stringMatching(/^\{"error":.*"status":404\}\n$/),
  });

  const created = await server.text(...trainArgs("watched_third"), "--watch", "-j");
  const last = JSON.parse(created.trimEnd().split("\n").at(-1) as string) as { kind: string; data: TaskJson };
  expect(last).toMatchObject({ kind: "task", data: { state: "finished", name: "watched_third" } });
});

test("--wait exits with 2 when the task is aborted, and says so", async () => {
  const [host] = cells(await server.text("host", "list")).slice(1);
  expect(host?.[1]).toBe("cpu");
  const waiting = server.cli([...trainArgs("never_ends"), "--wait", "--epochs", "100000", "-j"]);
  for (let aborted = false; !aborted;) {
    const { body } = await server.json<{ body: string[][] }>("task", "list", "-c", cluster);
    const active = body.find((row) => row[1] === "active");
    if (active !== undefined) await server.text("task", "delete", "-c", cluster, active[0] as string);
    aborted = active !== undefined;
  }
  const { code, stdout, stderr } = await waiting;
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toMatchObject({ state: "aborted" });
  expect(stderr).toMatch(/^\{"error":"Task 'never_ends' aborted\.","status":null\}$/m);
});

test.skipIf(!hasScript)("on a terminal, uploads and tasks draw a bar", async () => {
  const upload = await runOnTerminal(
    ["dataset", "create", "mnist", "-i", files.images, "-l", files.labels, "bar_upload"],
    server.env(),
    () => undefined,
  );
  expect(upload.code).toBe(0);
  expect(upload.screen).toMatch(/\[Kuploading {2}\[#+\.*\] +\d+\.\d % {2}\d\.\d\/0\.2 MB/);
  const waited = await runOnTerminal([...trainArgs("bar_task"), "--wait"], server.env(), () => undefined);
  expect(waited.code).toBe(0);
  expect(waited.screen).toMatch(
    new RegExp(String.raw`\[Kfinished  \[#{10,30}\]  100\.0 %  ${rows}/${rows}[^\n]*\r\n\+-`),
  );
});

describe("direct IO", () => {
  const hot = (index: number) => Array.from({ length: 10 }, (_, place) => (place === index ? 1 : 0));

  test("learns and answers values from files, arguments and standard input", async () => {
    const args = ["-t", files.template, "direct_cluster"];
    const { uuid } = await server.json<{ uuid: string }>("cluster", "create", ...args);
    const input = join(server.app.dataDir, "pixels.txt");
    await writeFile(input, `${(pixels[3] as number[]).join(" ")}\n\n${(pixels[4] as number[]).join(",")}\r\n`);
    const expected = join(server.app.dataDir, "expected.txt");
    await writeFile(expected, `${hot(5).join(" ")}\n${hot(2).join(" ")}\n`);
    expect(
      await server.text(
        "cluster",
        "train",
        uuid,
        "-i",
        `picture_hex=@${input}`,
        "-o",
        `label_hex=@${expected}`,
        "--repeat",
        "60",
      ),
    ).toBe(`successfully trained cluster '${uuid}' with 120 samples\n`);

    const fromFile = await server.json<Record<string, number[]>[]>(
      "cluster",
      "request",
      uuid,
      "-i",
      `picture_hex=@${input}`,
    );
    const best = fromFile.map(({ label_hex = [] }) => label_hex.indexOf(Math.max(...label_hex)));
    expect(best).toEqual([5, 2]);
    const fromArgument = await server.json(
      "cluster",
      "request",
      uuid,
      "-i",
      `picture_hex=${(pixels[3] as number[]).join(",")}`,
    );
    expect(fromArgument).toEqual([fromFile[0]]);
    const piped = await server.cli(["cluster", "request", uuid, "-i", "picture_hex=@-"], {
      stdin: (pixels[4] as number[]).join(" "),
    });
    expect(cells(piped.stdout)).toEqual([
      ["", ...hot(0).map((_, index) => String(index))],
      ["0", ...(fromFile[1]?.["label_hex"] ?? []).map((value) => value.toFixed(6))],
    ]);
    expect(await server.json("cluster", "get", uuid)).toMatchObject({ mode: "TASK" });
  });

  test("shows every output of a cluster with several", async () => {
    const { uuid } = await server.json<{ uuid: string }>("cluster", "create", "-t", files.twoOutputs, "two_outputs");
    const expected = ["-o", "first_hex=1,0", "-o", "second_hex=0,1,1"];
    await server.text("cluster", "train", uuid, "-i", "picture_hex=1,0.5,-2", ...expected, "--repeat", "3");
    const request = ["cluster", "request", uuid, "-i", "picture_hex=1,0.5,-2", "--outputs", "2"];
    const [answer] = await server.json<Record<string, number[]>[]>(...request);
    expect(answer).toEqual({ first_hex: [expect.any(Number), expect.any(Number)], second_hex: expect.any(Array) });
    expect(answer?.["second_hex"]).toHaveLength(3);
    expect(await server.text(...request)).toMatch(/^first_hex\n\+-.*-\+\n\nsecond_hex\n\+-/s);
  });

  test.each([
    [["picture_hex=1,x"], "", "Error: picture_hex: 'x' is not a number\n"],
    [["picture_hex=1e39"], "", "Error: picture_hex: '1e39' is not a number\n"],
    [["picture_hex"], "", "Error: 'picture_hex' is not like NAME=VALUES or NAME=@FILE\n"],
    [["picture_hex=1", "picture_hex=2"], "", "Error: 'picture_hex' is given twice\n"],
    [["picture_hex=,"], "", "Error: 'picture_hex=,' has no values\n"],
    [["picture_hex=@/no/file"], "", "Error: Cannot read '/no/file': no such file or directory\n"],
    [["picture_hex=@-"], "1 2\n3 four\n", "Error: standard input, line 2: 'four' is not a number\n"],
    [["picture_hex=@-"], "\n", "Error: There are no samples in the file\n"],
    [["picture_hex=@-", "other=@-"], "", "Error: Standard input can be used for one input or output only\n"],
  ])("refuses %j", async (inputs, stdin, message) => {
    const args = inputs.flatMap((input) => ["-i", input]);
    expect(await server.cli(["cluster", "request", cluster, ...args], { stdin })).toEqual({
      code: 1,
      stdout: "",
      stderr: message,
    });
    expect(await server.json("cluster", "get", cluster)).toMatchObject({ mode: "TASK" });
  });

  test.each([
    ["Ctrl-C", "SIGINT", 130],
    ["a closed terminal", "SIGHUP", 129],
    ["kill", "SIGTERM", 143],
  ] as const)("%s ends the wait for standard input and leaves the cluster in task mode", async (_, signal, code) => {
    const args = [program, "cluster", "request", cluster, "-i", "picture_hex=@-"];
    const child = spawn(process.execPath, args, { env: { ...process.env, ...server.env() } });
    child.stdin.write(`${(pixels[0] as number[]).join(" ")}\n`);
    const mode = async () => (await server.json<{ mode: string }>("cluster", "get", cluster)).mode;
    while ((await mode()) !== "DIRECT");
    child.kill(signal);
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(code);
    expect(await mode()).toBe("TASK");
  });

  test("an unknown input is refused by the server, and the cluster goes back to its tasks", async () => {
    const outcome = await server.cli(["cluster", "request", cluster, "-i", "no_such_input=1"]);
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Error: .*no_such_input/) });
    expect(await server.json("cluster", "get", cluster)).toMatchObject({ mode: "TASK" });
  });
});

test("clusters change their mode and host, and are deleted", async () => {
  const { uuid } = await server.json<{ uuid: string }>("cluster", "create", "-t", files.template, "moved_cluster");
  expect(cells(await server.text("cluster", "set-mode", uuid, "DIRECT"))).toEqual([
    ["UUID", uuid],
    ["NAME", "moved_cluster"],
    ["NEW STATE", "DIRECT"],
  ]);
  expect(await server.cli(["cluster", "set-mode", uuid, "direct"])).toEqual({
    code: 1,
    stdout: "status 409: err Can not switch cluster to 'DIRECT'\n",
    stderr: "",
  });
  await server.text("cluster", "set-mode", uuid, "TASK");
  const host = cells(await server.text("host", "list", "--details"))[1] as string[];
  expect(cells(await server.text("cluster", "switch-host", uuid, host[0] as string))[0]).toEqual(["UUID", uuid]);
  expect((await server.cli(["cluster", "switch-host", uuid, unknown])).stdout).toBe(
    `status 404: err Host with uuid '${unknown}' not found\n`,
  );
  expect(cells(await server.text("cluster", "list")).map((row) => row[1])).toContain("moved_cluster");
  expect(await server.text("cluster", "delete", uuid)).toBe(`successfully deleted cluster '${uuid}'\n`);
});

test("logs and measurements", async () => {
  const audit = cells(await server.text("log", "audit"));
  expect(audit[0]).toEqual(["CREATED AT", "USER ID", "ENDPOINT", "REQUEST TYPE"]);
  expect(audit[1]?.slice(1)).toEqual(["asdf", "v1.0alpha/dataset/upload/mnist", "POST"]);
  expect(cells(await server.text("log", "audit", "--page", "1000"))).toHaveLength(1);
  expect(cells(await server.text("log", "error", "-u", "asdf"))).toEqual([
    ["CREATED AT", "USER ID", "COMPONENT", "CONTEXT", "INPUT VALUES", "MESSAGE"],
  ]);
  const info = await server.json<{ info: { hostname: string } }>("system", "info");
  expect(cells(await server.text("system", "info"))[0]).toEqual(["HOSTNAME", info.info.hostname]);
  expect(cells(await server.text("system", "threads"))[0]).toEqual(["THREAD", "CORES"]);
  for (const what of ["power", "temperature", "speed"]) {
    const { available } = await server.json<{ available: boolean }>("system", what);
    const text = await server.text("system", what);
    const header = available ? ["PERIOD", "LATEST", "HIGHEST"] : undefined;
    expect(text === "This machine has no such sensor.\n").toBe(!available);
    expect(cells(text)[0]).toEqual(header);
  }
});
