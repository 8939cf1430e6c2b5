import { spawn, spawnSync } from "node:child_process";
import { join } from "node:path";
import { adminId, createTestApp, testPassphrase, type TestApp } from "../support/test-app.ts";

/** The program as it is shipped. Tests run in the compiled tree, three folders below the root. */
export const program = join(import.meta.dirname, "../../../cli/bin/hanamictl.js");

/** A module of the program, for tests of what needs no process: `cliModule<typeof import("…")>("plot/ticks")`. */
export const cliModule = async <T>(name: string) =>
  (await import(new URL(`../../../cli/dist/${name}.js`, import.meta.url).href)) as T;

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface CliOptions {
  env?: Record<string, string>;
  /** Piped into the program; by default an empty input that ends. */
  stdin?: string;
  /** The command to run instead of hanamictl. */
  command?: string[];
}

/** Runs hanamictl with only `env` in its environment. */
export function runCli(
  args: string[],
  { env = {}, stdin = "", command = [program] }: CliOptions = {},
): Promise<Outcome> {
  const [file = "", ...first] = command[0] === program ? [process.execPath, program] : command;
  const child = spawn(file, [...first, ...args], { env: { PATH: process.env["PATH"], ...env } });
  const outcome: Outcome = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (outcome.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (outcome.stderr += text));
  // A program that does not read its input may end before it is written.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ ...outcome, code }));
  });
}

export interface CliServer {
  readonly app: TestApp;
  /** Environment of a logged-in user. */
  env(user?: string): Record<string, string>;
  /** Runs hanamictl as the administrator. */
  cli(args: string[], options?: CliOptions): Promise<Outcome>;
  /** Standard output of a command that must succeed. */
  text(...args: string[]): Promise<string>;
  /** The same with `-j`, parsed. */
  json<T = Record<string, unknown>>(...args: string[]): Promise<T>;
}

/** A real listening server, and hanamictl to talk to it. */
export async function startCliServer(): Promise<CliServer> {
  const app = await createTestApp();
  const { url } = await app.server.listen();
  const env = (user = adminId) => ({ HANAMI_ADDRESS: url, HANAMI_USER: user, HANAMI_PASSPHRASE: testPassphrase });
  const cli = (args: string[], options: CliOptions = {}) =>
    runCli(args, { ...options, env: { ...env(), ...options.env } });
  async function text(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await cli(args);
    if (code !== 0) throw new Error(`hanamictl ${args.join(" ")} ended with ${code}: ${stdout}${stderr}`);
    return stdout;
  }
  return { app, env, cli, text, json: async <T>(...args: string[]) => JSON.parse(await text(...args, "-j")) as T };
}

/** A table's cells, without its frame. */
export function cells(table: string): string[][] {
  const lines = table.split("\n").filter((line) => line.startsWith("|"));
  return lines.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
}

/** Whether `script` of util-linux is available, which gives a program a terminal. */
export const hasScript = spawnSync("script", ["--version"]).stdout?.toString().includes("util-linux") ?? false;

const quoted = (word: string) => `'${word.replaceAll("'", `'\\''`)}'`;

/** Runs hanamictl on a terminal. `type` gets all output so far and returns the next input, if any. */
export function runOnTerminal(
  args: string[],
  env: Record<string, string>,
  type: (screen: string) => string | undefined,
): Promise<{ code: number | null; screen: string }> {
  const line = [process.execPath, program, ...args].map(quoted).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", line, "/dev/null"], {
    env: { PATH: process.env["PATH"], SHELL: "/bin/sh", TERM: "xterm", ...env },
  });
  let screen = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    screen += text;
    const keys = type(screen);
    if (keys !== undefined) child.stdin.write(keys);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, screen });
    });
  });
}
