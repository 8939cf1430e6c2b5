import { HanamiClient } from "hanami-sdk";
import { CliError } from "./errors.ts";

const DEFAULT_ADDRESS = "http://127.0.0.1:11418";

export interface ConnectOptions {
  insecure: boolean;
  /** To work in; the user's first project when left out. */
  project: string | undefined;
}

function parseAddress(address: string): string {
  // Paths are put behind it, so nothing may come after its own.
  if (/^https?:[^?#]*$/i.test(address) && URL.canParse(address)) return address;
  throw new CliError(`HANAMI_ADDRESS is not an address like ${DEFAULT_ADDRESS}: '${address}'`);
}

function required(value: string | undefined, name: string): string {
  if (value) return value;
  throw new CliError(`${name} is not set`);
}

/** The older tool calls it `HANAMI_PW`. */
function readPassphrase({ HANAMI_PASSPHRASE: passphrase, HANAMI_PW: older }: NodeJS.ProcessEnv): string | undefined {
  if (passphrase && older && passphrase !== older) {
    throw new CliError("HANAMI_PASSPHRASE and HANAMI_PW differ: set one of them");
  }
  return passphrase || older;
}

/** A client that is logged in, for the server and user that the environment names. */
export async function connect({ insecure, project }: ConnectOptions): Promise<HanamiClient> {
  const { env } = process;
  const client = new HanamiClient({
    address: parseAddress(env["HANAMI_ADDRESS"] || DEFAULT_ADDRESS),
    user: required(env["HANAMI_USER"], "HANAMI_USER"),
    passphrase: required(readPassphrase(env), "HANAMI_PASSPHRASE"),
  });
  if (insecure) {
    // Node offers no other way that covers both `fetch` and websockets. Its warning would only repeat the flag.
    process.removeAllListeners("warning");
    env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  }
  await client.login();
  const chosen = project ?? env["HANAMI_PROJECT"];
  if (chosen) await client.switchProject(chosen);
  return client;
}
