import type { ClusterNetwork } from "../clusters/cluster-network.ts";
import type { RequestReport } from "../hosts/host.ts";
import type { RunRows } from "../network/run.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import { SliceSize } from "./slice-size.ts";
import type { SliceSource } from "./slice-source.ts";
import { tellProgress } from "./task-events.ts";

/** A slice of a task whose rows a network has answered. */
export interface AnsweredSlice {
  first: number;
  cycles: number;
  expected: RunRows["expected"];
  report: RequestReport;
}

/** Takes the answers of a slice; the next one waits for the promise. */
type TakeSlice = (slice: AnsweredSlice) => void | Promise<void>;

/** Rows that a network answers, and how far it has got. */
interface RequestedRows {
  /** The next cycle, which this advances. */
  cycle: number;
  readonly total: number;
  /** Whether the task has to stop. */
  readonly isStopped: boolean;
}

/**
 * Runs rows through the network, slice by slice, from `rows.cycle` to the last one or until the task has to stop. The
 * host computes a slice while the next one is read and the previous answers are taken. `check` is called at the turn of
 * each slice. The first slice has `first` cycles.
 */
export async function requestSlices(
  context: RunContext,
  rows: RequestedRows,
  source: SliceSource,
  { take, check, first = 1 }: { take: TakeSlice; check?: (network: ClusterNetwork) => Promise<void>; first?: number },
): Promise<void> {
  const { total } = rows;
  // The width of the answers, and so the time per cycle, may be unknown before the first cycle.
  const size = new SliceSize({ unit: 1, bytesPerCycle: source.bytesPerCycle, first });
  let isInHurry = false;
  const read = async (firstCycle: number) => {
    const cycles = size.next(total - firstCycle, { isInHurry });
    const read = await source.read(firstCycle, cycles);
    return { cycles, ...source.spread({ ...read, expected: [] }), expected: read.expected };
  };
  let ahead: ReturnType<typeof read> | null = null;
  let taken: Promise<void> = Promise.resolve();
  try {
    while (rows.cycle < total && !rows.isStopped) {
      const { expected, ...slice }: Awaited<ReturnType<typeof read>> = await (ahead ?? read(rows.cycle));
      const { cycles } = slice;
      const end: number = rows.cycle + cycles;
      const answered = context.onHost(async (network) => {
        const { host } = await network.ready();
        isInHurry = context.hosts.queue(host).isInHurry;
        await check?.(network);
        return network.request(slice);
      });
      ahead = end < total ? read(end) : null;
      ahead?.catch(() => undefined);
      const report = await answered;
      await taken;
      taken = Promise.resolve(take({ first: end - cycles, cycles, expected, report }));
      taken.catch(() => undefined);
      rows.cycle = end;
      size.observe(cycles, report.elapsedMs);
    }
    await taken;
  } finally {
    await ahead?.catch(() => undefined);
    await taken.catch(() => undefined);
  }
}

/** All cycles of a task, as rows that a network answers. */
export const rowsOfTask = (
  context: RunContext,
  active: Pick<RunningTask, "task" | "owner" | "cycle" | "stop">,
): RequestedRows => ({
  total: active.task.total_number_of_cycles,
  get cycle() {
    return active.cycle;
  },
  set cycle(cycle) {
    active.cycle = cycle;
    tellProgress(context, active);
  },
  get isStopped() {
    return active.stop !== null;
  },
});
