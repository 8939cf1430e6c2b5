import type { Host } from "../hosts/host.ts";
import type { ScheduledCluster } from "./scheduled-cluster.ts";

/** A network that is in use stays on its host for at least this long before it gives way to others. */
const STAY_MS = 3_000;
/** A cluster whose network could not be saved is left alone for so long. */
const FAILED_MS = 10_000;

/**
 * Returns a function that makes room on a full host, where one network at least waits. Idle networks have left already.
 * So the cluster that is only to be saved before it is idle is saved at once; if there is none, the one that has been
 * there for longest gives way between two slices, and waits in turn. Long tasks therefore share a host that is too
 * small for all of them.
 */
export function roomMaker(clusters: ReadonlyMap<string, ScheduledCluster>, host: Host): () => void {
  let isGivingWay = false;
  const failures = new WeakMap<ScheduledCluster, number>();
  const hasFailed = (cluster: ScheduledCluster) => (failures.get(cluster) ?? -Infinity) > performance.now() - FAILED_MS;
  return () => {
    const there = [...clusters.values()].filter(({ onHost }) => onHost?.hostUuid === host.uuid);
    const unsaved = there.filter((cluster) => !cluster.isInUse && cluster.isDirty);
    if (unsaved.sort((a, b) => a.lastTurnMs - b.lastTurnMs).some((cluster) => cluster.hastenSave())) return;
    if (isGivingWay) return;
    const since = (cluster: ScheduledCluster) => cluster.onHost?.sinceMs ?? Infinity;
    const longest = there
      .filter((cluster) => cluster.isInUse && !hasFailed(cluster))
      .filter((cluster) => since(cluster) <= performance.now() - STAY_MS)
      // One that waits for room itself comes last, because its turn lasts as long as its patience.
      .sort((a, b) => Number(a.isEntering) - Number(b.isEntering) || since(a) - since(b))[0];
    if (longest === undefined) return;
    isGivingWay = true;
    void longest.giveWay().then((hasLeft) => {
      isGivingWay = false;
      if (!hasLeft) failures.set(longest, performance.now());
    });
  };
}
