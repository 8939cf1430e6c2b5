import { HanamiClient } from "hanami-sdk";
import { CliError } from "./errors.ts";

const DEFAULT_ADDRESS = "http://127.0.0.1:11418";

export interface ConnectOptions {
  insecure: boolean;
  /** Project to work in; default: the user's first project. */
  project: string | undefined;
}

function parseAddress(address: string): string {
  // Paths are appended to the address, so it must not have a query or fragment.
  if (/^https?:[^?#]*$/i.test(address) && URL.canParse(address)) return address;
  throw new CliError(`HANAMI_ADDRESS is not an address like ${DEFAULT_ADDRESS}: '${address}'`);
}

function required(value: string | undefined, name: string): string {
  if (value) return value;
  throw new CliError(`${name} is not set`);
}

/** The older tool uses the name `HANAMI_PW`. */
function readPassphrase({ HANAMI_PASSPHRASE: passphrase, HANAMI_PW: older }: NodeJS.ProcessEnv): string | undefined {
  if (passphrase && older && passphrase !== older) {
    throw new CliError("HANAMI_PASSPHRASE and HANAMI_PW differ: set one of them");
  }
  return passphrase || older;
}

/** Returns a logged-in client for the server and user named by the environment. */
export async function connect({ insecure, project }: ConnectOptions): Promise<HanamiClient> {
  const { env } = process;
  const client = new HanamiClient({
    address: parseAddress(env["HANAMI_ADDRESS"] || DEFAULT_ADDRESS),
    user: required(env["HANAMI_USER"], "HANAMI_USER"),
    passphrase: required(readPassphrase(env), "HANAMI_PASSPHRASE"),
  });
  if (insecure) {
    // Node has no other way that covers both `fetch` and websockets. Its warning would only repeat the flag.
    process.removeAllListeners("warning");
    env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  }
  await client.login();
  const chosen = project ?? env["HANAMI_PROJECT"];
  if (chosen) await client.switchProject(chosen);
  return client;
}
