import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { testPassphrase } from "../support/test-app.ts";
import { cells, hasScript, runCli, runOnTerminal, startCliServer, type CliServer } from "./run-cli.ts";

// Each step starts a process, which takes a second on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let server: CliServer;
beforeAll(async () => {
  server = await startCliServer();
});
afterAll(() => server.app.close());

const time = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;

test("projects: create, get, list and delete print the documented tables", async () => {
  const created = await server.text("project", "create", "-n", "cli test project", "cli_test_project");
  const [, id, name, creator, createdAt] = created.split("\n");
  expect(created.split("\n")).toHaveLength(7);
  expect([id, name, creator]).toEqual([
    "| ID         | cli_test_project    |",
    "| NAME       | cli test project    |",
    "| CREATOR ID | asdf                |",
  ]);
  expect(createdAt).toMatch(/^\| CREATED AT \| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \|$/);
  expect(created).toMatch(/^\+------------\+---------------------\+\n.*\n\+------------\+---------------------\+\n$/s);

  expect(await server.text("project", "get", "cli_test_project")).toBe(created);
  const when = cells(created)[3]?.[1] as string;
  expect(await server.text("project", "list", "ignored")).toBe(
    [
      "+------------------+------------------+------------+---------------------+",
      "|        ID        |       NAME       | CREATOR ID |     CREATED AT      |",
      "+------------------+------------------+------------+---------------------+",
      `| cli_test_project | cli test project | asdf       | ${when} |`,
      "+------------------+------------------+------------+---------------------+",
      "",
    ].join("\n"),
  );
  expect(await server.text("project", "delete", "cli_test_project")).toBe(
    "successfully deleted project 'cli_test_project'\n",
  );
  expect(await server.cli(["project", "delete", "cli_test_project"])).toEqual({
    code: 1,
    stdout: "status 404: err Project with id 'cli_test_project' not found\n",
    stderr: "",
  });
});

test("-j prints sorted JSON with four blanks, before and after the command's name", async () => {
  const args = ["project", "create", "-n", "json project", "json_project"];
  const { stdout } = await server.cli(["-j", ...args]);
  const project = JSON.parse(stdout) as { created_at: string };
  expect(stdout).toBe(
    `{\n    "created_at": "${project.created_at}",\n    "creator_id": "asdf",\n    "id": "json_project",\n    "name": "json project"\n}\n`,
  );
  const list = {
    header: ["created_at", "id", "name", "creator_id"],
    body: [[project.created_at, "json_project", "json project", "asdf"]],
  };
  for (const place of [
    ["project", "--json_output", "list"],
    ["project", "list", "-j"],
  ]) {
    expect(JSON.parse((await server.cli(place)).stdout)).toEqual(list);
  }
  expect(await server.json("project", "delete", "json_project")).toEqual({});
});

test("a project that is not empty is deleted by force only", async () => {
  await server.text("project", "create", "-n", "full project", "full_project");
  await server.app.addUser({ id: "its_user", projectId: "full_project" });
  const env = server.env("its_user");
  const { stdout } = await runCli(["cluster", "create", "-t", "/dev/null", "-j", "its_cluster"], { env });
  const { uuid } = JSON.parse(stdout) as { uuid: string };
  const refused = await server.cli(["project", "delete", "full_project"]);
  expect(refused).toEqual({
    code: 1,
    stdout: expect.stringMatching(/^status 409: err Project with id 'full_project' still holds .*1 cluster/),
    stderr: "",
  });
  expect((await runCli(["cluster", "get", uuid], { env })).code).toBe(0);
  expect(await server.text("project", "delete", "--force", "full_project")).toBe(
    "successfully deleted project 'full_project'\n",
  );
  expect((await server.cli(["project", "get", "full_project"])).code).toBe(1);
  expect((await runCli(["cluster", "get", uuid], { env })).code).toBe(1);
  // Another test lists all users.
  await server.text("user", "delete", "its_user");
});

test("users: with a passphrase as an option, listed, assigned to projects, deleted", async () => {
  const created = await server.text("user", "create", "cli_test_user", "-n", "cli test user", "-p", testPassphrase);
  expect(cells(created).slice(0, 5)).toEqual([
    ["ID", "cli_test_user"],
    ["NAME", "cli test user"],
    ["IS ADMIN", "false"],
    ["PROJECTS", "[]"],
    ["CREATOR ID", "asdf"],
  ]);
  expect(cells(created)[5]).toEqual(["CREATED AT", expect.stringMatching(time)]);

  const assigned = await server.text("user", "add-project", "cli_test_user", "some_project");
  expect(cells(assigned)[3]).toEqual(["PROJECTS", "[map[is_project_admin:false project_id:some_project role:member]]"]);
  await server.text("user", "add-project", "cli_test_user", "other_project", "--is_project_admin", "--role", "admin");
  expect(cells(await server.text("user", "list-projects", "cli_test_user"))).toEqual([
    ["PROJECT ID", "ROLE", "IS PROJECT ADMIN"],
    ["some_project", "member", "false"],
    ["other_project", "admin", "true"],
  ]);
  expect(cells(await server.text("user", "list"))).toEqual([
    ["ID", "NAME", "IS ADMIN", "PROJECTS", "CREATOR ID", "CREATED AT"],
    ["asdf", "asdf", "true", "[]", "HANAMI_INIT", expect.stringMatching(time)],
    [
      "cli_test_user",
      "cli test user",
      "false",
      expect.stringMatching(/^\[map\[.*\] map\[.*\]\]$/),
      "asdf",
      expect.any(String),
    ],
  ]);

  const own = await runCli(["user", "list-projects", "-j"], { env: server.env("cli_test_user") });
  expect(JSON.parse(own.stdout)).toMatchObject({ projects: [{ project_id: "some_project" }, { role: "admin" }] });
  expect(cells(await server.text("user", "remove-project", "cli_test_user", "other_project"))[3]).toEqual([
    "PROJECTS",
    "[map[is_project_admin:false project_id:some_project role:member]]",
  ]);
  expect(await server.text("user", "delete", "cli_test_user")).toBe("successfully deleted user 'cli_test_user'\n");
});

test("a user created with --is_admin is an administrator", async () => {
  await server.text("user", "create", "second_admin", "-n", "second admin", "-p", testPassphrase, "--is_admin");
  expect(await runCli(["project", "list"], { env: server.env("second_admin") })).toMatchObject({ code: 0 });
  const self = await runCli(["user", "delete", "second_admin"], { env: server.env("second_admin") });
  expect(self.stdout).toMatch(/^status 409: err User with id 'second_admin' tries to delete himself/);
  await server.text("user", "delete", "second_admin");
});

test("--project and HANAMI_PROJECT choose the project", async () => {
  await server.app.addUser({ id: "two_projects", projectId: "first_project" });
  await server.text("user", "add-project", "two_projects", "second_project");
  const template = ["-t", "/dev/null"];
  const env = server.env("two_projects");
  const projectOf = async (args: string[], more: Record<string, string> = {}) => {
    const { stdout } = await runCli(["cluster", "create", ...template, "-j", ...args], { env: { ...env, ...more } });
    return (JSON.parse(stdout) as { project_id: string }).project_id;
  };
  expect(await projectOf(["cluster_one"])).toBe("first_project");
  expect(await projectOf(["cluster_two", "--project", "second_project"])).toBe("second_project");
  expect(await projectOf(["cluster_three"], { HANAMI_PROJECT: "second_project" })).toBe("second_project");
  expect(await runCli(["host", "list", "--project", "no_project"], { env })).toMatchObject({
    code: 1,
    stdout: "status 401: err User with id 'two_projects' is not assigned to the project with id 'no_project'.\n",
  });
});

describe("the passphrase of a new user", () => {
  const create = (id: string) => ["user", "create", id, "-n", "prompted user", "-j"];

  test("comes from a pipe, and the result alone is on standard output", async () => {
    const stdin = `${testPassphrase}\n${testPassphrase}\n`;
    const outcome = await server.cli(create("piped_user"), { stdin });
    expect(outcome).toMatchObject({ code: 0, stderr: "Enter Passphrase: \nEnter Passphrase again: \n" });
    expect(JSON.parse(outcome.stdout)).toMatchObject({ id: "piped_user" });
    // With any other passphrase the answer would be that user or passphrase are incorrect.
    expect(await runCli(["host", "list"], { env: server.env("piped_user") })).toMatchObject({
      stdout: "status 401: err User with id 'piped_user' has no project assigned.\n",
    });
  });

  test.each([
    ["different ones", "first passphrase\nother passphrase\n", "Mismatch between the two entered passphrases"],
    ["the end of the input", "first passphrase\n", "Failed to read passphrase input"],
    ["no input", "", "Failed to read passphrase input"],
  ])("%s are refused", async (_what, stdin, message) => {
    const { code, stderr } = await server.cli(create("never_made"), { stdin });
    const last = JSON.parse(stderr.trimEnd().split("\n").at(-1) as string) as unknown;
    expect({ code, last }).toEqual({ code: 1, last: { error: message, status: null } });
    expect((await server.cli(["user", "get", "never_made"])).stdout).toMatch(/^status 404/);
  });

  test("too short: the server says so", async () => {
    const { code, stdout } = await server.cli(create("never_made"), { stdin: "x\nx\n" });
    expect({ code, stdout }).toEqual({ code: 3, stdout: expect.stringMatching(/^status 400: err .*'passphrase'/) });
  });

  test("is requested only after the login", async () => {
    const outcome = await server.cli(create("never_made"), { env: { HANAMI_PASSPHRASE: "wrong passphrase" } });
    expect(outcome).toEqual({
      code: 3,
      stdout: "status 401: err ACCESS DENIED!\nUser or passphrase is incorrect.\n",
      stderr: `${JSON.stringify({ error: "ACCESS DENIED!\nUser or passphrase is incorrect.", status: 401 })}\n`,
    });
  });

  test.skipIf(!hasScript)("is typed into a terminal without being shown, with corrections", async () => {
    const keys = [`wrong\u0015${testPassphrase}x\u007f\r`, `${testPassphrase}\r`];
    const { code, screen } = await runOnTerminal(create("typed_user"), server.env(), (shown) =>
      shown.endsWith(": ") ? keys.shift() : undefined,
    );
    expect(code).toBe(0);
    expect(screen).toContain("Enter Passphrase: \r\nEnter Passphrase again: \r\n");
    expect(screen).not.toContain(testPassphrase);
    expect(screen).not.toContain("wrong");
    expect(await runCli(["host", "list"], { env: server.env("typed_user") })).toMatchObject({
      stdout: "status 401: err User with id 'typed_user' has no project assigned.\n",
    });
  });

  test.skipIf(!hasScript)("is given up with Ctrl-C", async () => {
    let pressed = false;
    const { code } = await runOnTerminal(create("never_made"), server.env(), (shown) => {
      if (pressed || !shown.includes("Enter Passphrase: ")) return undefined;
      pressed = true;
      return "abc\u0003";
    });
    expect(code).toBe(130);
  });
});

test("keys: create shows the key once, HANAMI_KEY uses it, list and delete", async () => {
  const created = await server.text("key", "create", "-e", "3600", "-r", "member", "nightly import");
  const fields = new Map(cells(created).map(([name, value]) => [name, value]));
  expect([...fields.keys()].join()).toBe("UUID,NAME,KEY,PROJECT ID,OWNER ID,ROLE,CREATED AT,EXPIRES AT");
  const [uuid, key] = [fields.get("UUID") as string, fields.get("KEY") as string];
  expect(key).toMatch(/^hanami_[\w-]{43}$/);
  expect(fields.get("ROLE")).toBe("member");

  const env = { HANAMI_ADDRESS: server.env()["HANAMI_ADDRESS"] as string, HANAMI_KEY: key };
  const used = await runCli(["cluster", "create", "-t", "/dev/null", "-j", "of_the_key"], { env });
  expect(JSON.parse(used.stdout)).toMatchObject({ owner_id: "asdf", project_id: "admin" });
  const refused = await runCli(["key", "list"], { env });
  const text = "status 401: err An API key can neither manage API keys nor get tokens.\n";
  expect(refused).toEqual({ code: 1, stdout: text, stderr: "" });

  const listed = await server.text("key", "list");
  expect(listed).toContain(uuid);
  expect(listed).not.toContain("hanami_");
  expect(await server.text("log", "audit", "--keys")).toMatch(
    new RegExp(`${uuid} \\| nightly import \\| v1.0alpha/cluster`),
  );
  expect(await server.text("key", "delete", uuid)).toBe(`successfully deleted key '${uuid}'\n`);
  expect((await runCli(["host", "list"], { env })).stdout).toMatch(/^status 401: err Failed to validate API key/);
});
