import type { GeneratedAdmin } from "../accounts/first-admin.ts";
import { openApp, type Server } from "../app.ts";
import { ConfigError, settingNames, type Config } from "../server/config.ts";
import { writeErrorLog } from "../logs/write-error-log.ts";
import { readConfig } from "../server/read-config.ts";
import { unknownVariables } from "../server/setting-names.ts";
import { StartError } from "../errors.ts";

/** The text for the operator: problems that the operator can solve are shown without a stack. */
function describe(error: unknown, config: Config | undefined): string {
  if (error instanceof ConfigError || error instanceof StartError) return error.message;
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    return `Port ${config?.port} on ${config?.host} is in use. Set HANAMI_PORT to another one, or stop what uses it.`;
  }
  if (code?.startsWith("ERR_PARSE_ARGS") === true) return `${error.message}\nUsage: npm start -- [--config FILE]`;
  // System errors: no such address, no permission for a port, a disk that is full or read-only.
  if (/^E(?!RR_)[A-Z0-9]+$/.test(code ?? "")) return `The server cannot start: ${error.message}`;
  return error.stack ?? error.message;
}

function fail(error: unknown): never {
  console.error(describe(error, undefined));
  process.exit(1);
}

function showCredentials({ id, passphrase }: GeneratedAdmin): void {
  console.log("The first administrator was created. This is shown only once:");
  console.log(`  HANAMI_USER=${id}`);
  console.log(`  HANAMI_PASSPHRASE=${passphrase}`);
}

/** Prints everything in one write, so that a program that waits for the address also gets the hosts. */
function announce({ app }: Server, url: string): void {
  const hosts = app.hosts.list().map((host) => `  ${host.uuid}  ${host.type}  ${host.name}`);
  console.log(
    [
      `hanami-webgpu listens on ${url}`,
      `process ${process.pid}`,
      `data directory ${app.config.dataDir}`,
      "hosts:",
      ...hosts,
    ].join("\n"),
  );
}

/** With a terminal, SIGHUP means that it was closed and ends the server; without one, it reloads the settings. */
const hasTerminal = process.stdin.isTTY || process.stdout.isTTY;

/** Upper bound on a graceful shutdown. Anything unsaved resumes from its last snapshot. */
const stopMsMax = 60_000;

/** Under `npm start`, one Ctrl-C arrives twice: from the terminal, and from npm, which forwards it. */
const sameSignalMs = 1000;

/** The first signal stops the server gracefully, a second one at once. */
function stopOnSignals(server: Server): void {
  let stoppingSinceMs: number | undefined;
  const stop = (signal: NodeJS.Signals) => {
    if (stoppingSinceMs !== undefined) {
      if (performance.now() - stoppingSinceMs > sameSignalMs) process.exit(1);
      return;
    }
    stoppingSinceMs = performance.now();
    console.log(`${signal}: stopping`);
    setTimeout(() => fail(new StartError("The server did not stop in time and was ended.")), stopMsMax).unref();
    server.close().then(() => process.exit(0), fail);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  if (hasTerminal) process.on("SIGHUP", stop);
}

/** On SIGHUP, reads the settings and the files that they name again. An error is logged and changes nothing. */
function reloadOnSignal(server: Server, read: () => Promise<Config>): void {
  if (hasTerminal) return;
  let reloading = Promise.resolve();
  process.on("SIGHUP", () => {
    reloading = reloading
      .then(async () => server.reload(await read()))
      .catch((error: unknown) => server.app.log.error({ err: error }, "nothing was reloaded"));
  });
}

/** An unhandled rejection is a bug, but it must not take down the work of all users. */
function noteForgottenErrors({ app }: Server): void {
  process.on("unhandledRejection", (error) => {
    void writeErrorLog(app, {
      userId: "",
      component: "process",
      context: "unhandled rejection",
      values: new Map(),
      error,
    });
  });
}

/** Runs a server in this process: reads its settings, handles signals, and prints messages for the operator. */
export async function runServer(): Promise<void> {
  // A closed pipe (`npm start | head`) must not end the server.
  process.stdout.on("error", () => {});

  let config: Config | undefined;
  let server: Server | undefined;
  try {
    const read = () => readConfig(process.argv.slice(2), process.env);
    config = await read();
    server = await openApp(config);
    for (const problem of unknownVariables(process.env, settingNames)) server.app.log.warn(`environment: ${problem}`);
    reloadOnSignal(server, read);
    server.app.metrics.watchProcess();
    noteForgottenErrors(server);
    stopOnSignals(server);
    void server.taken.then(fail);
    if (server.generatedAdmin !== undefined) showCredentials(server.generatedAdmin);
    const { url } = await server.listen();
    announce(server, url);
  } catch (error) {
    console.error(describe(error, config));
    await server?.close();
    process.exit(1);
  }
}
