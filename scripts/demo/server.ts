import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface DemoServer {
  address: string;
  user: string;
  passphrase: string;
  /** The server and its data are deleted at the end. */
  isTemporary: boolean;
  /** Lines that tell the user where things are. */
  where: string[];
  stop(): Promise<void>;
}

/** The login from the environment; undefined when a part of it is missing. */
function fromEnvironment(env: NodeJS.ProcessEnv): { user: string; passphrase: string } | undefined {
  const user = env["HANAMI_USER"];
  const passphrase = env["HANAMI_PASSPHRASE"] ?? env["HANAMI_PW"];
  return user !== undefined && passphrase !== undefined ? { user, passphrase } : undefined;
}

/** Uses a running server; the login comes from the environment. */
export function useServer(address: string): DemoServer {
  const login = fromEnvironment(process.env);
  if (login === undefined) throw new Error("--address needs HANAMI_USER and HANAMI_PASSPHRASE in the environment.");
  return { address, ...login, isTemporary: false, where: [`server          ${address}`], stop: async () => {} };
}

/** The login of the demo's own server, stored with its data so that the next run can use it. */
function loginFor(folder: string): { user: string; passphrase: string } {
  const file = join(folder, "demo.env");
  if (existsSync(file)) {
    const lines = readFileSync(file, "utf8").split("\n");
    const kept = fromEnvironment(Object.fromEntries(lines.map((line) => line.split("=") as [string, string])));
    if (kept !== undefined) return kept;
  }
  const login = fromEnvironment(process.env) ?? { user: "demo", passphrase: randomBytes(12).toString("hex") };
  writeFileSync(file, `HANAMI_USER=${login.user}\nHANAMI_PASSPHRASE=${login.passphrase}\n`, { mode: 0o600 });
  return login;
}

/** Starts a server on a free port. Without `data`, it uses a temporary folder that `stop` deletes. */
export async function startServer(data: string | undefined, more: { softwareGpu: boolean }): Promise<DemoServer> {
  const folder = data === undefined ? await mkdtemp(join(tmpdir(), "hanami-demo-")) : resolve(data);
  await mkdir(folder, { recursive: true });
  const { user, passphrase } = loginFor(folder);
  const child = spawn(process.execPath, [fileURLToPath(new URL("../../src/main.js", import.meta.url))], {
    env: {
      ...process.env,
      ...(more.softwareGpu ? { HANAMI_SOFTWARE_GPU: "true" } : {}),
      HANAMI_HOST: "127.0.0.1",
      HANAMI_PORT: "0",
      HANAMI_DATA_DIR: folder,
      HANAMI_LOG_LEVEL: "warn",
      HANAMI_ADMIN_USER_ID: user,
      HANAMI_ADMIN_USER_NAME: user,
      HANAMI_ADMIN_PASSPHRASE: passphrase,
    },
    stdio: ["ignore", "pipe", "inherit"],
    // Its own process group: Ctrl-C reaches only the demo, which then stops the server.
    detached: true,
  });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const address = await new Promise<string>((found, failed) => {
    lines.on("line", (line) => {
      const url = /listens on (\S+)/.exec(line)?.[1];
      if (url !== undefined) found(url);
    });
    exited.then(([code]) => failed(new Error(`The server ended with code ${code}.`)), failed);
  });
  const where =
    data === undefined
      ? ["Everything was in a temporary folder that is deleted now; `npm run demo -- --data DIR` keeps it."]
      : [
          `data            ${folder}`,
          `login           ${join(folder, "demo.env")}`,
          `serve it again  HANAMI_DATA_DIR=${folder} npm start`,
        ];
  return {
    address,
    user,
    passphrase,
    isTemporary: data === undefined,
    where,
    async stop() {
      child.kill("SIGTERM");
      await exited;
      if (data === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
