import { fork } from "node:child_process";
import { once } from "node:events";

/** The bare server, in a separate process. */
export interface BareServer {
  /** Without a path. */
  url: string;
  stop(): Promise<void>;
}

export async function startBareServer(): Promise<BareServer> {
  const child = fork(new URL("./bare-process.js", import.meta.url));
  const [port] = (await once(child, "message")) as [number];
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      const exited = once(child, "exit");
      child.disconnect();
      await exited;
    },
  };
}
