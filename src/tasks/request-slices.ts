import type { RequestReport } from "../hosts/host.ts";
import type { RunRows } from "../network/run.ts";
import type { RunContext, RunningTask } from "./running-task.ts";
import { SliceSize } from "./slice-size.ts";
import type { SliceSource } from "./slice-source.ts";

/** A slice of a task whose rows a network has answered. */
export interface AnsweredSlice {
  cycles: number;
  expected: RunRows["expected"];
  report: RequestReport;
}

/**
 * Runs a task's rows through the network, slice by slice, from `active.cycle` to its last cycle or until it has to
 * stop. The host computes a slice while the next one is read and the previous answers are taken.
 */
export async function requestSlices(
  context: RunContext,
  active: Pick<RunningTask, "task" | "cycle" | "stop">,
  source: SliceSource,
  take: (slice: AnsweredSlice) => void,
): Promise<void> {
  const total = active.task.total_number_of_cycles;
  // The width of the answers, and so the time per cycle, is unknown before the first cycle.
  const size = new SliceSize({ unit: 1, bytesPerCycle: source.bytesPerCycle, first: 1 });
  let isInHurry = false;
  const read = async (firstCycle: number) => {
    const cycles = size.next(total - firstCycle, { isInHurry });
    return { cycles, ...(await source.read(firstCycle, cycles)) };
  };
  let ahead: ReturnType<typeof read> | null = null;
  try {
    while (active.cycle < total && active.stop === null) {
      const { expected, ...slice }: Awaited<ReturnType<typeof read>> = await (ahead ?? read(active.cycle));
      const { cycles } = slice;
      const end: number = active.cycle + cycles;
      const answered = context.onHost(async (network) => {
        const { host } = await network.ready();
        isInHurry = context.hosts.queue(host).isInHurry;
        return network.request(slice);
      });
      ahead = end < total ? read(end) : null;
      ahead?.catch(() => undefined);
      const report = await answered;
      take({ cycles, expected, report });
      active.cycle = end;
      size.observe(cycles, report.elapsedMs);
    }
  } finally {
    await ahead?.catch(() => undefined);
  }
}
