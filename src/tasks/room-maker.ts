import type { Host } from "../hosts/host.ts";
import type { ScheduledCluster } from "./scheduled-cluster.ts";

/** A network that is in use stays on its host for at least this long before it gives way to others. */
const STAY_MS = 3_000;

/**
 * Returns a function that makes room on a full host, where one network at least waits. Idle networks have left already.
 * So the cluster that is only to be saved before it is idle is saved at once; if there is none, the one that has been
 * there for longest gives way between two slices, and waits in turn. Long tasks therefore share a host that is too
 * small for all of them.
 */
export function roomMaker(clusters: ReadonlyMap<string, ScheduledCluster>, host: Host): () => void {
  let isGivingWay = false;
  return () => {
    const there = [...clusters.values()].filter(({ onHost }) => onHost?.hostUuid === host.uuid);
    const unsaved = there.filter((cluster) => !cluster.isInUse && cluster.isDirty);
    if (unsaved.length > 0) {
      unsaved.reduce((first, each) => (each.lastTurnMs < first.lastTurnMs ? each : first)).hastenSave();
      return;
    }
    if (isGivingWay) return;
    const since = (cluster: ScheduledCluster) => cluster.onHost?.sinceMs ?? Infinity;
    const longest = there
      .filter((cluster) => cluster.isInUse && since(cluster) <= performance.now() - STAY_MS)
      .sort((a, b) => since(a) - since(b))[0];
    if (longest === undefined) return;
    isGivingWay = true;
    void longest.giveWay().finally(() => (isGivingWay = false));
  };
}
