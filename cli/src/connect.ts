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

function required(value: string | undefined, name: string, more = ""): string {
  if (value) return value;
  throw new CliError(`${name} is not set${more}`);
}

/** The older tool uses the name `HANAMI_PW`. */
function readPassphrase({ HANAMI_PASSPHRASE: passphrase, HANAMI_PW: older }: NodeJS.ProcessEnv): string | undefined {
  if (passphrase && older && passphrase !== older) {
    throw new CliError("HANAMI_PASSPHRASE and HANAMI_PW differ: set one of them");
  }
  return passphrase || older;
}

function connectByKey(address: string, key: string, project: string | undefined): HanamiClient {
  const { env } = process;
  if (env["HANAMI_USER"] || readPassphrase(env)) {
    throw new CliError("HANAMI_KEY is set, and HANAMI_USER or HANAMI_PASSPHRASE, too: set one or the other");
  }
  if (project) throw new CliError("A key works in its own project only: leave out HANAMI_PROJECT and --project");
  if (!/^hanami_[\w-]+$/.test(key)) throw new CliError("HANAMI_KEY is not an API key: it begins with 'hanami_'");
  return new HanamiClient({ address, key });
}

/** Returns a client for the server and the user or API key that the environment names; a user is logged in. */
export async function connect({ insecure, project }: ConnectOptions): Promise<HanamiClient> {
  const { env } = process;
  const address = parseAddress(env["HANAMI_ADDRESS"] || DEFAULT_ADDRESS);
  const chosen = project ?? env["HANAMI_PROJECT"];
  const key = env["HANAMI_KEY"];
  if (insecure) {
    // Node has no other way that covers both `fetch` and websockets. Its warning would only repeat the flag.
    process.removeAllListeners("warning");
    env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
  }
  if (key) return connectByKey(address, key, chosen);
  const client = new HanamiClient({
    address,
    user: required(env["HANAMI_USER"], "HANAMI_USER", ", and neither is HANAMI_KEY"),
    passphrase: required(readPassphrase(env), "HANAMI_PASSPHRASE"),
  });
  await client.login();
  if (chosen) await client.switchProject(chosen);
  return client;
}
