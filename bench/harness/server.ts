import { HanamiClient, type ClientOptions } from "hanami-sdk";
import { startServer } from "../../scripts/demo/server.ts";

/** A server in a separate process, and a client that is logged in as its administrator. */
export interface BenchServer {
  address: string;
  client: HanamiClient;
  /** Another client of the administrator. */
  login: (more?: Pick<ClientOptions, "fetch">) => HanamiClient;
  stop(): Promise<void>;
}

/** The parts of a checkout that a benchmark uses. */
interface Parts {
  startServer: typeof startServer;
  HanamiClient: typeof HanamiClient;
}

/** Starts a server in its default configuration, except for the rate limits. */
export async function startBenchServer(parts: Parts = { startServer, HanamiClient }): Promise<BenchServer> {
  process.env["HANAMI_REQUESTS_PER_SECOND"] ??= "1000000";
  const server = await parts.startServer(undefined, { softwareGpu: false });
  // The server has a process group of its own, so Ctrl-C does not reach it.
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void server.stop().finally(() => process.exit(1)));
  const login: BenchServer["login"] = (more) => new parts.HanamiClient({ ...server, ...more });
  return { address: server.address, client: login(), login, stop: () => server.stop() };
}
