import { Worker } from "node:worker_threads";
import { HostError } from "../hosts/host-errors.ts";
import { type SemaphoreOwner, Semaphore } from "../limits/semaphore.ts";
import { readWholeFile } from "../files/read-whole-file.ts";
import type { CheckedNetwork } from "./read-network-worker.ts";

/** Each check occupies a core and as much memory as the file. One project or user cannot take all places. */
const checks = new Semaphore({ total: 4, group: 2, user: 2, long: 4 });

/**
 * Reads a network's file for a host to attach. A worker thread checks every byte, even of files that this server wrote,
 * so that neither the host nor the server's event loop waits. Rejects with a HostError of kind `state` and the reason
 * when the file is damaged or unsafe for the kernels, and as `readWholeFile` does.
 */
export function readNetwork(path: string, owner: SemaphoreOwner): Promise<Uint8Array<ArrayBuffer>> {
  return checks.run(owner, async () => {
    const answer = await checkInThread(await readWholeFile(path));
    if (answer.kind === "wrong") throw new HostError("state", answer.reason);
    return answer.bytes;
  });
}

function checkInThread(bytes: Uint8Array<ArrayBuffer>): Promise<CheckedNetwork> {
  return new Promise((resolve, reject) => {
    const script = new URL("./read-network-worker.js", import.meta.url);
    const worker = new Worker(script, { workerData: bytes, transferList: [bytes.buffer], name: "read-network" });
    worker.once("message", resolve);
    worker.once("error", reject);
    // Has no effect after a message or an error.
    worker.once("exit", (code) => reject(new Error(`the thread that checks networks ended with code ${code}`)));
  });
}
