/** Actions of the crash test's clients by direct IO. */
import type { RunningServer } from "../support/server-process.ts";
import { getCluster } from "./clusters.ts";
import { openDirect } from "./direct-socket.ts";
import type { Ledger } from "./ledger.ts";
import { cyclesOf, withDirectCycle } from "./lineage.ts";
import type { ClusterModel } from "./model.ts";
import { follow } from "./tasks.ts";

/** Each answer is compared at the end with a network that is trained again for it. */
const answersMax = 12;

/** Switches an idle cluster to DIRECT, trains by direct IO, or switches it back. */
export async function directIo(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  if (cluster.mode === "TASK") {
    await follow(ledger, server, cluster);
    if ([...cluster.tasks.values()].some((task) => !task.isOver)) return;
    return setMode(ledger, server, { cluster, mode: "DIRECT" });
  }
  if (ledger.random.int(0, 2) === 0) return setMode(ledger, server, { cluster, mode: "TASK" });
  return learn(ledger, server, cluster);
}

/** Cycles acknowledged before the switch to TASK are durable. */
export async function setMode(
  ledger: Ledger,
  server: RunningServer,
  { cluster, mode }: { cluster: ClusterModel; mode: "TASK" | "DIRECT" },
): Promise<void> {
  const { uuid } = cluster;
  const note = () => {
    cluster.mode = mode;
    cluster.durableCycles = cyclesOf(ledger.base, cluster.lineage);
  };
  await ledger.attempt(`mode ${mode}`, {
    ask: () => server.ask("PUT", "/cluster/set_mode", { uuid, new_state: mode }),
    note,
    settle: async (next) => {
      const body = await getCluster(next, uuid);
      if (body.mode === mode) note();
    },
  });
}

async function learn(ledger: Ledger, server: RunningServer, cluster: ClusterModel): Promise<void> {
  const { random, base } = ledger;
  const socket = await openDirect(server, cluster.uuid);
  const cycles = random.int(1, cluster.host === "cpu" ? 60 : 4);
  for (let count = 0; count < cycles; count++) {
    cluster.isAsking = true;
    await socket.train(cyclesOf(base, cluster.lineage));
    cluster.isAsking = false;
    cluster.lineage = withDirectCycle(cluster.lineage, cluster.host);
    ledger.directCycles++;
  }
  const row = random.int(0, 500);
  const values = await socket.ask(row);
  if (ledger.directAnswers.length < answersMax) ledger.directAnswers.push({ lineage: cluster.lineage, row, values });
  await socket.close();
  ledger.done.set("direct session", (ledger.done.get("direct session") ?? 0) + 1);
}
