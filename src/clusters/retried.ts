import { setTimeout as sleep } from "node:timers/promises";
import { HostLostError, isOfKind } from "../hosts/host-errors.ts";
import type { ClusterNetwork } from "./cluster-network.ts";

/** How long work is tried again while its host has no room for the network's growth. */
const CROWDED_MS = 10_000;
const CROWDED_PAUSE_MS = 20;

/**
 * Does work of one turn, and again if it had not started when its host was lost, or while the host has no room for it
 * beside the networks in use, unless changes that nobody repeats were lost with the host or the network. A host takes
 * the rows of a call with it, so `work` copies them.
 */
export async function retried<T>(
  network: Pick<ClusterNetwork, "losses" | "ready">,
  work: () => Promise<T>,
): Promise<T> {
  const { losses } = network;
  const untilMs = performance.now() + CROWDED_MS;
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await work();
    } catch (error) {
      const isCrowded = isOfKind(error, "crowded") && performance.now() < untilMs;
      const hasNotStarted = isFirst && error instanceof HostLostError && !error.wasUnderWay;
      if (!isCrowded && !hasNotStarted) throw error;
      // A request leaves its network where it is, so nothing else waits for room.
      if (isCrowded) await sleep(CROWDED_PAUSE_MS);
      await network.ready();
      if (network.losses !== losses) throw error;
    }
  }
}
