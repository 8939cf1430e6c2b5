import { HostError } from "../hosts/host-errors.ts";
import { type SemaphoreOwner, Semaphore } from "../limits/semaphore.ts";
import { readWholeFile } from "../files/read-whole-file.ts";
import type { NetworkFigures } from "../network/network-figures.ts";
import { CheckThread } from "./check-thread.ts";
import type { CheckedNetwork, NetworkCheck } from "./read-network-worker.ts";

/** Threads without work. To start one takes ten times as long as to check a file of some megabytes. */
const spare: CheckThread[] = [];
/** After a larger file a thread ends, because it would keep the memory. */
const SPARE_BYTES_MAX = 2 ** 26;

/** Each check occupies a core and as much memory as the file. One project or user cannot take all places. */
const checks = new Semaphore({ total: 4, group: 2, user: 2, long: 4 });

/**
 * Reads a network's file for a host to attach. A worker thread checks every byte, even of files that this server wrote,
 * so that neither the host nor the server's event loop waits. Rejects with a HostError of kind `state` and the reason
 * when the file is damaged or unsafe for the kernels, and as `readWholeFile` does.
 */
export async function readNetwork(path: string, owner: SemaphoreOwner): Promise<Uint8Array<ArrayBuffer>> {
  return (await checked(path, owner, "bytes")).bytes;
}

/** The figures of a network's file. Rejects like `readNetwork`. */
export async function readFigures(path: string, owner: SemaphoreOwner): Promise<NetworkFigures> {
  return (await checked(path, owner, "figures")).figures;
}

type Answer<Wanted> = Extract<CheckedNetwork, { kind: Wanted }>;

function checked<Wanted extends NetworkCheck["wanted"]>(
  path: string,
  owner: SemaphoreOwner,
  wanted: Wanted,
): Promise<Answer<Wanted>> {
  return checks.run(owner, async () => {
    const answer = await checkInThread({ bytes: await readWholeFile(path), wanted });
    if (answer.kind === "wrong") throw new HostError("state", answer.reason);
    return answer as Answer<Wanted>;
  });
}

async function checkInThread(check: NetworkCheck): Promise<CheckedNetwork> {
  const forget = (thread: CheckThread) => {
    const index = spare.indexOf(thread);
    if (index >= 0) spare.splice(index, 1);
  };
  const thread = spare.pop() ?? new CheckThread(forget);
  const isLarge = check.bytes.byteLength > SPARE_BYTES_MAX;
  const answer = await thread.check(check);
  if (isLarge) thread.end();
  else spare.push(thread);
  return answer;
}
