import { setImmediate as turn } from "node:timers/promises";
import { vi } from "vitest";
import { HostQueue } from "../../src/hosts/host-queue.ts";

/** Calls again `thinkMs` after every answer. */
export interface Caller {
  project: string;
  cluster: string;
  /** How long the host computes a call. */
  ms: number;
  thinkMs: number;
  isShort?: boolean;
  /** For callers that begin later. */
  fromMs?: number;
  /** Only the first call takes `ms`, the later ones this long. */
  laterMs?: number;
}

/** Host time and longest wait of one caller, in ms. */
export interface Served {
  ms: number;
  longestWait: number;
}

const STEP_MS = 0.5;

/** Serves these callers for `durationMs` of a clock that only this function advances. Call it with fake timers. */
export async function simulate(
  callers: Caller[],
  { durationMs, servesBetween }: { durationMs: number; servesBetween: boolean },
): Promise<Served[]> {
  const host = { servesBetween, lastTookMs: Infinity };
  const queue = new HostQueue(host);
  /** The running call, and on top of it the one at its yield point. */
  const running: { leftMs: number; tookMs: number; served: Served; end: () => void }[] = [];
  const states = callers.map((caller) => ({
    caller,
    served: { ms: 0, longestWait: 0 },
    nextAt: caller.fromMs ?? 0,
    since: Infinity,
    calls: 0,
  }));
  for (let now = 0; now < durationMs; now += STEP_MS) {
    for (const state of states) {
      if (state.nextAt > now) continue;
      const { project: projectId, cluster, isShort = false, thinkMs } = state.caller;
      const ms = state.calls++ === 0 ? state.caller.ms : (state.caller.laterMs ?? state.caller.ms);
      state.nextAt = Infinity;
      const carryOut = () => {
        state.served.longestWait = Math.max(state.served.longestWait, performance.now() - state.since);
        state.since = Infinity;
        return new Promise<void>((resolve) => {
          const end = () => {
            state.nextAt = performance.now() + thinkMs;
            resolve();
          };
          running.push({ leftMs: ms, tookMs: ms, served: state.served, end });
        });
      };
      state.since = performance.now();
      void queue.run({ projectId, clusterUuid: `${projectId}/${cluster}` }, carryOut, { isShort });
    }
    vi.advanceTimersByTime(STEP_MS);
    const top = running.at(-1);
    if (top === undefined) continue;
    top.leftMs -= STEP_MS;
    top.served.ms += STEP_MS;
    if (top.leftMs > 0) continue;
    running.pop();
    host.lastTookMs = top.tookMs;
    top.end();
    await turn();
  }
  for (const { served, since } of states) {
    served.longestWait = Math.max(served.longestWait, since === Infinity ? 0 : performance.now() - since);
  }
  return states.map(({ served }) => served);
}
