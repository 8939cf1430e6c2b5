import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { HanamiClient } from "hanami-sdk";
import { startServer, type DemoServer } from "../../scripts/demo/server.ts";

/** One hexagon takes 784 values, another gives 10. */
export const TEMPLATE = "version: 1 settings: hexagons: 1,1,1 2,1,1 3,1,1 inputs: in: 1,1,1 outputs: out: 3,1,1";

export interface Bench {
  server: DemoServer;
  client: HanamiClient;
  /** Without the path. */
  bareUrl: string;
  stop(): Promise<void>;
}

/** A server in its default configuration, but for the rate limits, beside a bare one; each in a process of its own. */
export async function startBench(): Promise<Bench> {
  process.env["HANAMI_REQUESTS_PER_SECOND"] ??= "1000000";
  const bare = fork(new URL("./bare-process.js", import.meta.url));
  const [port] = (await once(bare, "message")) as [number];
  const server = await startServer(undefined, { softwareGpu: false });
  return {
    server,
    client: new HanamiClient(server),
    bareUrl: `http://127.0.0.1:${port}`,
    async stop() {
      await server.stop();
      await end(bare);
    },
  };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, "exit");
  child.disconnect();
  await exited;
}

/** A sample that looks like a picture: a fifth of 784 values is not 0. */
export function picture(row: number): Float32Array {
  return Float32Array.from({ length: 784 }, (_, index) =>
    (index + row * 37) % 5 === 0 ? (index * 13 + row) % 256 : 0,
  );
}

export function label(row: number): Float32Array {
  return Float32Array.from({ length: 10 }, (_, index) => (index === row % 10 ? 1 : 0));
}
