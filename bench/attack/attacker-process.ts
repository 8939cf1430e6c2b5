/**
 * Plays a member of one project who tries to hold up all others; `main.ts` starts it with the server's address and a
 * login. It repeats every kind of attempt without a pause until "stop" arrives. It runs with low priority, so that its
 * cost is the server's work, not that of this client. Linux shares processors between sessions first; this process has
 * its own session, whose priority is lowered as well.
 */
import { writeFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { HanamiClient } from "hanami-sdk";
import { TEMPLATE } from "../harness/template.ts";
import { digitsCsv, hugeTemplate, quotesCsv, wrongCheckpoint } from "./crafted-files.ts";

setPriority(constants.priority.PRIORITY_LOW);
try {
  writeFileSync("/proc/self/autogroup", String(constants.priority.PRIORITY_LOW));
} catch {
  // Not Linux, or a kernel that does not group by session.
}
const [address, user, passphrase, only] = process.argv.slice(2) as [string, string, string, string];
const client = new HanamiClient({ address, user, passphrase });

const tally = new Map<string, number>();
let isOver = false;
let names = 0;

async function uploadCsv(file: Uint8Array): Promise<void> {
  const { uuid } = await client.datasets.uploadCsv({ name: "hostile", file });
  await client.datasets.delete(uuid);
}

/** Sends the first sample of a new cluster, so that everything grows. */
async function sendSample(width: number): Promise<void> {
  const { uuid } = await client.clusters.create({ name: `wide ${++names}`, template: TEMPLATE });
  try {
    const io = await client.clusters.directIO(uuid);
    await io.train({ in: samples.get(width)! }, { out: [1] });
  } finally {
    await client.clusters.delete(uuid);
  }
}

async function createHuge(template: string): Promise<void> {
  const { uuid } = await client.clusters.create({ name: `huge ${++names}`, template });
  await client.clusters.delete(uuid);
}

// Built once: see above.
const [checkpoint, digits, quotes, template] = [wrongCheckpoint(), digitsCsv(), quotesCsv(), hugeTemplate()];
const samples = new Map([100_000, 3_900_000].map((width) => [width, new Float32Array(width).fill(1)]));
const attempts: Record<string, () => Promise<unknown>> = {
  "checkpoint, wrong in its last place": () => client.checkpoints.upload({ name: "hostile", file: checkpoint }),
  "CSV, cells of 200 kB digits and a letter": () => uploadCsv(digits),
  "CSV, a quote that never ends": () => uploadCsv(quotes),
  "first sample of 3.9 million values": () => sendSample(3_900_000),
  "first sample of 100 000 values": () => sendSample(100_000),
  "template of 0.7 MB": () => createHuge(template),
};

async function repeat(name: string, attempt: () => Promise<unknown>): Promise<void> {
  while (!isOver) {
    const answer = await attempt().then(
      () => "taken",
      (error: unknown) => String(error).slice(0, 100),
    );
    const key = JSON.stringify([name, answer]);
    tally.set(key, (tally.get(key) ?? 0) + 1);
  }
}

process.once("message", () => {
  isOver = true;
  process.send?.([...tally].map(([key, times]) => [...(JSON.parse(key) as [string, string]), times]));
});
process.once("disconnect", () => process.exit());
await client.login();
process.send?.("ready");
const chosen = Object.entries(attempts).filter(([name]) => name.includes(only));
await Promise.all(chosen.map(([name, attempt]) => repeat(name, attempt)));
