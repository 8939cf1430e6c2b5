import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ConfigError } from "../../src/server/config.ts";
import { readConfig } from "../../src/server/read-config.ts";

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hanami-config-"));
  file = join(folder, "hanami.conf");
});
afterAll(() => rm(folder, { recursive: true }));

/** The configuration of a server with this file. */
async function read(content: string | Uint8Array, env: Record<string, string> = {}) {
  await writeFile(file, content);
  return readConfig(["--config", file], env);
}

/** The problems of a configuration with this file. */
async function problems(content: string | Uint8Array): Promise<string[]> {
  const config = await read(content).catch((error: unknown) => error);
  if (!(config instanceof ConfigError)) throw new Error(`taken: ${String(content)}`);
  return config.problems.map((problem) => problem.replace(file, "FILE"));
}

test.each([
  ["as it is", "HANAMI_ADMIN_PASSPHRASE=pass#phrase"],
  ["a number sign after a blank", "HANAMI_ADMIN_PASSPHRASE=pass phrase #1"],
  ["a number sign first", "HANAMI_ADMIN_PASSPHRASE=#passphrase"],
  ["an equals sign", "HANAMI_ADMIN_PASSPHRASE=pass=phrase=="],
  ["quotes inside", "HANAMI_ADMIN_PASSPHRASE=pass\"phra'se"],
  ["a backslash", "HANAMI_ADMIN_PASSPHRASE=pass\\nphrase\\"],
  ["a variable", "HANAMI_ADMIN_PASSPHRASE=pass$HOME${phrase}`date`"],
  ["letters of all kinds", "HANAMI_ADMIN_PASSPHRASE=größer 🌸 だ"],
])("a value extends to the end of its line: %s", async (_, line) => {
  const value = line.slice(line.indexOf("=") + 1);
  for (const content of [line, `${line}\n`, `\ufeff${line}\r\n`, `# first\n\n ${line} \t\n  # last`]) {
    expect((await read(content)).admin.passphrase).toBe(value);
  }
});

test.each([
  ["HANAMI_ADMIN_PASSPHRASE = passphrase", "passphrase"],
  ['HANAMI_ADMIN_PASSPHRASE=" passphrase "', " passphrase "],
  ["HANAMI_ADMIN_PASSPHRASE = '\"passphrase\" # 1' ", '"passphrase" # 1'],
  ['HANAMI_ADMIN_PASSPHRASE="it\'s \\n #1"', "it's \\n #1"],
])("blanks and quotes: %s", async (line, value) => {
  expect((await read(line)).admin.passphrase).toBe(value);
});

test.each([
  ["an unclosed quote", 'HANAMI_HOST="localhost', 'the quote " is not closed on its line'],
  ["an unclosed single quote", "HANAMI_HOST='localhost\nHANAMI_PORT=5'", "the quote ' is not closed on its line"],
  ["nothing but a quote", 'HANAMI_HOST="', 'the quote " is not closed on its line'],
  ["two kinds of quotes", "HANAMI_HOST=\"localhost'", 'the quote " is not closed on its line'],
  ["a comment after quotes", 'HANAMI_HOST="localhost" # here', "something follows the closing quote"],
  ["an escaped quote", 'HANAMI_ADMIN_PASSPHRASE="pass\\"phrase"', "something follows the closing quote"],
  ["no equals sign", "HANAMI_PORT 5", "no NAME=value, for there is no ="],
  ["a colon", "HANAMI_PORT: 5", "no NAME=value, for there is no ="],
  ["a colon and an equals sign", "DATABASE_URL: postgres://h/d?a=b", "what stands before the = is not the name"],
  ["export", "export HANAMI_PORT=5", "NAME=value is written without export"],
  ["set", "set HANAMI_PORT=5", "what stands before the = is not the name"],
  ["no name", "=5", "what stands before the = is not the name"],
  ["a section", "[server]", "no NAME=value, for there is no ="],
  ["another comment", "; HANAMI_PORT", "no NAME=value, for there is no ="],
  ["a sum", "HANAMI_PORT+=5", "what stands before the = is not the name"],
  ["a quoted name", '"HANAMI_PORT"=5', "what stands before the = is not the name"],
  ["no value", "HANAMI_PORT=", "HANAMI_PORT has no value; for its default leave the line out"],
  ["quotes without a value", "HANAMI_PORT=''", "HANAMI_PORT has no value"],
  ["a name of nothing", "HANAMI_PROT=5", "there is no setting HANAMI_PROT; is HANAMI_PORT meant?"],
  ["a name in small letters", "hanami_port=5", "there is no setting hanami_port; is HANAMI_PORT meant?"],
  ["a short name", "PORT=5", "there is no setting PORT; is HANAMI_PORT meant?"],
  ["a name like none", "COLOUR=blue", "there is no setting COLOUR"],
  ["a client's name", "HANAMI_USER=admin", "there is no setting HANAMI_USER"],
  ["a bad value", "HANAMI_PORT=5 # five", 'HANAMI_PORT: "5 # five" is not a whole number'],
  ["a carriage return inside", "HANAMI_ADMIN_USER_NAME=a\rb", "HANAMI_ADMIN_USER_NAME: control characters"],
  ["a tab inside", "HANAMI_ADMIN_USER_NAME=a\tb", "HANAMI_ADMIN_USER_NAME: control characters"],
  ["NUL", "HANAMI_ADMIN_USER_NAME=a\0b", "HANAMI_ADMIN_USER_NAME: control characters"],
  ["a second byte-order mark", "\ufeffHANAMI_PORT=5", "what stands before the = is not the name"],
])("an invalid line is named: %s", async (_, line, problem) => {
  const found = await problems(`# first\n\nHANAMI_LOG_LEVEL=info\n${line}\n`);
  expect(found[0]).toContain(`FILE:4: ${problem}`);
});

test("every bad line is reported at once, and a duplicate name with both of its lines", async () => {
  const content = "HANAMI_PORT=5\nnothing\nHANAMI_PORT=6\nHANAMI_CPU_THREADS=x\nOTHER=1\n";
  expect(await problems(content)).toEqual([
    "FILE:2: no NAME=value, for there is no =",
    `FILE:3: HANAMI_PORT is set already, in ${file}:1`,
    "FILE:5: there is no setting OTHER",
    expect.stringMatching(/^FILE:4: HANAMI_CPU_THREADS: "x" is not a whole number/),
  ]);
});

test("invalid UTF-8 is reported with its line", async () => {
  const latin = Buffer.from("HANAMI_PORT=5\n# grün\nHANAMI_ADMIN_USER_NAME=Grün\n", "latin1");
  expect(await problems(latin)).toEqual(["FILE:2: not UTF-8"]);
  const cut = Buffer.from("HANAMI_PORT=5\nHANAMI_ADMIN_USER_NAME=ü").subarray(0, -1);
  expect(await problems(cut)).toEqual(["FILE:2: not UTF-8"]);
  expect(await problems(Buffer.from("\ufeffHANAMI_PORT=5\n", "utf16le"))).toEqual(["FILE:1: not UTF-8"]);
});

test("an empty file and one of comments set nothing", async () => {
  const defaults = await readConfig([], {});
  for (const content of ["", "\ufeff", "\n\n", "# HANAMI_PORT=5", "\r\n \t \r\n#\r\n"]) {
    expect(await read(content)).toEqual(defaults);
  }
});

test("the environment overrides the file, but not with an empty value", async () => {
  const content = "HANAMI_PORT=5\nHANAMI_CPU_THREADS=3\n";
  const { port, cpuThreads } = await read(content, { HANAMI_PORT: "6", HANAMI_CPU_THREADS: "" });
  expect([port, cpuThreads]).toEqual([6, 3]);
  // The error names the source of the bad value.
  await expect(read(content, { HANAMI_PORT: "x" })).rejects.toThrow(/^Bad configuration:\n {2}HANAMI_PORT: "x"/);
});

test("npm start leaves the folder of the call: the file is looked up there", async () => {
  await writeFile(file, "HANAMI_PORT=77\n");
  const env = { npm_lifecycle_event: "start", INIT_CWD: folder };
  expect((await readConfig(["-c", "hanami.conf"], env)).port).toBe(77);
  expect((await readConfig(["-c", relative(process.cwd(), file)], { INIT_CWD: "/nowhere" })).port).toBe(77);
  await expect(readConfig(["-c", "none.conf"], env)).rejects.toThrow(`${join(folder, "none.conf")}: ENOENT`);
});
