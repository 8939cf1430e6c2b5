import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { program, runCli } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** Answers of the server below, by path, including ones that a real server never sends. */
const answers: Record<string, unknown> = {
  "/token": { id: "asdf", is_admin: true, name: "asdf", token: "opaque" },
  "/project": {
    id: "escape\u001b[2Jsequence\u009b",
    name: "two\nlines and \u202eturned text",
    creator_id: null,
  },
  "/project/all": {
    header: ["id", "more", "name"],
    body: [
      ["wide", 1, "日本語 👩‍🚀"],
      ["narrow", 2, "e\u0301te\u0301"],
    ],
  },
  "/dataset": {
    uuid: "u",
    number_of_rows: 1_000_000,
    number_of_columns: 123_456_789_012,
    description: { b: { y: 1, x: 2 }, a: "é" },
  },
  "/dataset/content": {
    data: [
      [1_000_000, 0.5],
      [1e-7, -3],
    ],
  },
  "/user": {
    id: "u",
    projects: [{ role: "member", project_id: "p", is_project_admin: false }, ["a", null]],
    is_admin: true,
  },
  "/user/all": { header: ["created_at", "id"], body: [] },
};

const listener: RequestListener = (request, response) => {
  const path = new URL(request.url ?? "", "http://stub").pathname.replace("/v1.0alpha", "");
  if (path === "/host/all") return void response.writeHead(200).end("<html>not a Hanami server</html>");
  if (path === "/dataset/download") {
    const headers = { "Content-Disposition": 'attachment; filename="../../up.csv"' };
    const isBroken = request.url?.includes("npy");
    if (isBroken) return void response.writeHead(200, { "Content-Length": 9 }).write("half", () => response.destroy());
    return void response.writeHead(200, { ...headers, "Content-Length": 4 }).end("a\n1\n");
  }
  if (path === "/cluster") return void response.writeHead(404).end("\u001b]0;title\u0007\u009b2J two\nlines");
  if (path === "/checkpoint/all") return void response.destroy();
  if (!(path in answers)) return void response.writeHead(500).end();
  response.writeHead(200, { "Content-Type": "text/json" }).end(JSON.stringify(answers[path]));
};

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

const stub = createServer(listener);
let folder = "";
let env: Record<string, string> = {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanami-cli-"));
  env = { HANAMI_ADDRESS: `http://127.0.0.1:${await listen(stub)}/`, HANAMI_USER: "asdf", HANAMI_PW: "asdfasdf" };
});
afterAll(async () => {
  stub.close();
  await rm(folder, { recursive: true });
});

const run = (...args: string[]) => runCli(args, { env });

describe("tables", () => {
  test("escape control sequences of a terminal, and keep line breaks inside of their cell", async () => {
    expect((await run("project", "get", "p")).stdout).toBe(
      [
        "+------------+-------------------------------+",
        "| ID         | escape\\u001b[2Jsequence\\u009b |",
        "| NAME       | two                           |",
        "|            | lines and \\u202eturned text   |",
        "| CREATOR ID | <nil>                         |",
        "| CREATED AT | <nil>                         |",
        "+------------+-------------------------------+",
        "",
      ].join("\n"),
    );
  });

  test("and JSON escapes the same, which changes nothing for a parser", async () => {
    const { stdout } = await run("project", "get", "p", "-j");
    expect(JSON.parse(stdout)).toEqual(answers["/project"]);
    expect(stdout).toContain(String.raw`"id": "escape\u001b[2Jsequence\u009b"`);
  });

  test("stay aligned with wide characters, and omit columns that the server does not have", async () => {
    expect((await run("project", "list")).stdout).toBe(
      [
        "+--------+-----------+",
        "|   ID   |   NAME    |",
        "+--------+-----------+",
        "| wide   | 日本語 👩‍🚀 |",
        "| narrow | e\u0301te\u0301       |",
        "+--------+-----------+",
        "",
      ].join("\n"),
    );
    expect((await run("user", "list")).stdout).toBe(
      "+----+------------+\n| ID | CREATED AT |\n+----+------------+\n+----+------------+\n",
    );
  });

  test("print numbers in full, maps as JSON and lists as upstream's tool does", async () => {
    const { stdout } = await run("dataset", "get", "u");
    expect(stdout).toContain("| NUMBER OF COLUMNS | 123456789012                |\n| NUMBER OF ROWS    | 1000000 ");
    expect(stdout).toContain('| DESCRIPTION       | {"a":"é","b":{"x":2,"y":1}} ');
    expect((await run("user", "get", "u")).stdout).toContain(
      "| PROJECTS   | [map[is_project_admin:false project_id:p role:member] [a <nil>]] |",
    );
    expect((await run("dataset", "content", "u", "-c", "x", "-n", "2", "-o", "9")).stdout).toBe(
      [
        "+----+----------------+-----------+",
        "|    |       0        |     1     |",
        "+----+----------------+-----------+",
        "| 9  | 1000000.000000 | 0.500000  |",
        "| 10 | 0.000000       | -3.000000 |",
        "+----+----------------+-----------+",
        "",
      ].join("\n"),
    );
  });
});

describe("errors", () => {
  const escapes = String.raw`in a name write \: for ':', \, for ',' and \\ for '\'`;
  const columns = ["-i", "d:c:h", "-o", "d:c:h", "-c", "u", "task_name"];

  test.each([
    [["nope"], "unknown command 'nope'"],
    [["help", "task", "nope"], "unknown command 'nope'"],
    [["project", "create", "p"], "required option '-n, --name <NAME>' not specified"],
    [["project", "create", "-n", "name"], "missing required argument 'PROJECT_ID'"],
    [["project", "get", "a", "b"], "too many arguments for 'get'. Expected 1 argument but got 2."],
    [["project", "get", "a", "--nope"], "unknown option '--nope'"],
    [
      ["dataset", "content", "u", "-c", "x", "-n", "1e3"],
      "option '-n, --rows <COUNT>' argument '1e3' is invalid. It must be a whole number.",
    ],
    [["task", "create", "train", ...columns, "-i", "d:a,b:h"], `Required separators ':' are missing; ${escapes}`],
    [["task", "create", "train", ...columns, "-i", String.raw`d:a\b:h`], String.raw`Invalid '\' in 'a\b'; ${escapes}`],
    [["task", "create", "train", ...columns, "-i", "d:c:h\\"], `Invalid '\\' in 'h\\'; ${escapes}`],
    [["task", "create", "train", ...columns, "-i", "d:c"], `Required separators ':' are missing; ${escapes}`],
    [["task", "create", "train", ...columns, "-i", "d::h"], `Invalid format before or after ':'; ${escapes}`],
    [["task", "create", "train", ...columns, "-i", "d:c:h,a:b:c:d"], `Invalid format before or after ':'; ${escapes}`],
    [
      ["task", "create", "request", "-i", "d:c:h", "-r", "x", "-c", "u", "n"],
      `Required separators ':' are missing; ${escapes}`,
    ],
    [
      ["task", "create", "train", ...columns, "--learning_rate", "fast"],
      "option '--learning_rate <NUMBER>' argument 'fast' is invalid. It must be a number.",
    ],
    [["cluster", "create", "-t", "/no/template", "name"], "Cannot read '/no/template': no such file or directory"],
    [["cluster", "create", "name"], "A cluster needs a template (-t) or a checkpoint (-c)"],
    [
      ["cluster", "create", "-c", "u", "--seed", "1", "name"],
      "option '-c, --checkpoint <CHECKPOINT_UUID>' cannot be used with option '--seed <NUMBER>'",
    ],
    [["checkpoint", "create", "-i", "/no/file", "name"], "Cannot read '/no/file': no such file or directory"],
    [["cluster", "create", "-t", "/", "name"], "Cannot read '/': it is a directory"],
    [["dataset", "create", "csv", "-i", "/", "name"], "Cannot read '/': it is not a file"],
    [["dataset", "create", "csv", "-i", "/dev/null", "name"], "Cannot read '/dev/null': it is not a file"],
    [["cluster", "set-mode", "u", "SLEEP"], "The mode must be TASK or DIRECT"],
    [
      ["cluster", "train", "u", "-i", "a=1", "-o", "b=@-", "--repeat", "2"],
      "Standard input can be read once only: leave out --repeat",
    ],
    [["host", "list"], expect.stringMatching(/does not answer like a Hanami server\.$/)],
    [["checkpoint", "list"], expect.stringMatching(/^Cannot reach http:/)],
  ])("%j", async (args, message) => {
    const { code, stdout, stderr } = await run(...args);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^Error: .*\n$/);
    expect(stderr.slice("Error: ".length, -1)).toEqual(message);
  });

  test("the server's go to standard output", async () => {
    const internal = "status 500: err Internal error; the server's log has the reason.\n";
    expect(await run("cluster", "list")).toEqual({ code: 1, stdout: internal, stderr: "" });
    const hostile = String.raw`status 404: err \u001b]0;title\u0007\u009b2J two`;
    expect((await run("cluster", "get", "u")).stdout).toBe(`${hostile}\nlines\n`);
  });

  test.each([
    [{ HANAMI_USER: "" }, "HANAMI_USER is not set, and neither is HANAMI_KEY"],
    [{ HANAMI_PW: "" }, "HANAMI_PASSPHRASE is not set"],
    [{ HANAMI_PASSPHRASE: "another one" }, "HANAMI_PASSPHRASE and HANAMI_PW differ: set one of them"],
    [
      { HANAMI_KEY: `hanami_${"A".repeat(43)}` },
      "HANAMI_KEY is set, and HANAMI_USER or HANAMI_PASSPHRASE, too: set one or the other",
    ],
    [
      { HANAMI_KEY: "secret", HANAMI_USER: "", HANAMI_PW: "" },
      "HANAMI_KEY is not an API key: it begins with 'hanami_'",
    ],
    [
      { HANAMI_KEY: "hanami_A", HANAMI_USER: "", HANAMI_PW: "", HANAMI_PROJECT: "research" },
      "A key works in its own project only: leave out HANAMI_PROJECT and --project",
    ],
    [
      { HANAMI_ADDRESS: "127.0.0.1:11418" },
      "HANAMI_ADDRESS is not an address like http://127.0.0.1:11418: '127.0.0.1:11418'",
    ],
  ])("in the environment: %j", async (changed, message) => {
    expect(await runCli(["project", "list"], { env: { ...env, ...changed } })).toEqual({
      code: 1,
      stdout: "",
      stderr: `Error: ${message}\n`,
    });
  });

  test("a server that cannot be reached", async () => {
    const gone = createServer();
    const address = `http://127.0.0.1:${await listen(gone)}`;
    await new Promise((resolve) => gone.close(resolve));
    const { stderr } = await runCli(["project", "list"], { env: { ...env, HANAMI_ADDRESS: address } });
    expect(stderr).toBe(`Error: Cannot reach ${address}: connect ECONNREFUSED ${address.slice("http://".length)}\n`);
  });

  test("a server without TLS under an https address", async () => {
    const address = env["HANAMI_ADDRESS"]?.replace("http:", "https:").replace(/\/$/, "") ?? "";
    const { stderr } = await runCli(["project", "list"], { env: { ...env, HANAMI_ADDRESS: address } });
    expect(stderr).toMatch(/^Error: Cannot reach \S+: SSL routines: [a-z ]+\n$/);
  });

  test("help needs no environment", async () => {
    expect(await runCli(["task", "create", "train", "-h"])).toMatchObject({ code: 0, stderr: "" });
    expect((await runCli(["help", "dataset"])).stdout).toContain("content [options] <DATASET_UUID>");
    for (const words of [
      ["help", "task", "create", "train"],
      ["task", "help", "create", "train"],
      ["task", "create", "help", "train"],
    ]) {
      expect(await runCli(words)).toMatchObject({ code: 0, stdout: expect.stringContaining("--epochs <COUNT>") });
    }
  });

  test("a value that looks like an option belongs to the option before it", async () => {
    const { stdout } = await run("project", "create", "-n", "-j", "p");
    expect(stdout).toContain("| ID ");
  });
});

test("a download is saved here, whatever folder the server's name for it contains, and replaces nothing", async () => {
  const here = await mkdtemp(join(folder, "here-"));
  const shell = (words: string) =>
    runCli([], { env, command: ["sh", "-c", `cd '${here}' && '${process.execPath}' '${program}' ${words}`] });
  expect(await shell("dataset download u")).toEqual({
    code: 0,
    stdout: "successfully saved dataset 'u' as 'up.csv' (4 bytes)\n",
    stderr: "",
  });
  expect(await readFile(join(here, "up.csv"), "utf8")).toBe("a\n1\n");
  expect(await shell("dataset download u")).toEqual({
    code: 1,
    stdout: "",
    stderr: "Error: 'up.csv' exists already: use --force to replace it\n",
  });
});

test("an interrupted download leaves no file", async () => {
  const file = join(folder, "broken.csv");
  const { code, stderr } = await run("dataset", "download", "u", "-f", "npy", "-o", file);
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: "Error: The connection broke before the whole file was there.\n",
  });
  expect((await readdir(folder)).filter((name) => name.startsWith("broken"))).toEqual([]);
});

test("--insecure accepts an untrusted certificate silently", async (context) => {
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  const request = `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost -keyout ${key} -out ${cert}`;
  context.skip(spawnSync("openssl", request.split(" ")).status !== 0, "no openssl");
  const server = createTlsServer({ key: await readFile(key), cert: await readFile(cert) }, listener);
  const secure = { ...env, HANAMI_ADDRESS: `https://127.0.0.1:${await listen(server)}` };
  try {
    const refused = await runCli(["project", "list"], { env: secure });
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/^Error: Cannot reach .*certificate/) });
    const accepted = await runCli(["--insecure", "project", "list", "-j"], { env: secure });
    expect(accepted).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(accepted.stdout)).toEqual(answers["/project/all"]);
  } finally {
    server.close();
  }
});

test("a reader that closes the pipe early is no error", async () => {
  const child = spawn("sh", ["-c", '"$0" "$1" project list -j | true', process.execPath, program], {
    env: { PATH: process.env["PATH"], ...env },
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  await new Promise((resolve) => child.on("close", resolve));
  expect(stderr).toBe("");
});

test.skipIf(process.platform !== "linux")("output that cannot be written is an error", async () => {
  const command = ["sh", "-c", '"$0" "$1" project list > /dev/full', process.execPath, program];
  expect(await runCli([], { env, command })).toEqual({
    code: 1,
    stdout: "",
    stderr: "Error: Cannot write 'standard output': the disk is full\n",
  });
});

describe("completion", () => {
  test.each([
    [["dat"], ["dataset"]],
    [
      ["task", "create", ""],
      ["evaluate", "help", "request", "train"],
    ],
    [
      ["cluster", "s"],
      ["save", "set-mode", "switch-host"],
    ],
    [["dataset", "content", "--"], expect.arrayContaining(["--column", "--offset", "--rows", "--json_output"])],
  ])("of %j", async (words, expected) => {
    const { code, stdout } = await runCli(["complete", "--", ...words]);
    const found = stdout.split("\n").filter((line) => line !== "" && !line.startsWith(":"));
    expect(code).toBe(0);
    expect(found.map((line) => line.split("\t")[0] as string).sort()).toEqual(expected);
  });

  test.each(["bash", "zsh", "fish"])("prints a script for %s", async (shell) => {
    const { code, stdout } = await runCli(["completion", shell]);
    expect({ code, calls: stdout.includes("hanamictl complete --") }).toEqual({ code: 0, calls: true });
  });

  test("works in bash", async () => {
    const script = join(folder, "completion.bash");
    await writeFile(script, (await runCli(["completion", "bash"])).stdout);
    // The function of the package bash-completion that the script needs, for words without separators.
    const helper = `_get_comp_words_by_ref() { words=("\${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=\${words[cword]}; prev=\${words[cword-1]}; }`;
    const lines = [
      helper,
      `hanamictl() { ${process.execPath} ${program} "$@"; }`,
      `source ${script}`,
      "COMP_WORDS=(hanamictl dataset cr) COMP_CWORD=2",
      "__hanamictl_complete",
      'printf "%s\\n" "${COMPREPLY[@]}"',
    ];
    const { code, stdout } = await runCli([], { command: ["bash", "-c", lines.join("\n")] });
    expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: "create" });
  });
});
