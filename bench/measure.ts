import { rateOf } from "./report.ts";

const cell = new Int32Array(new SharedArrayBuffer(4));
/** Longer than the background threads of V8 need to clear up what one case left. */
const SETTLE_MS = 5;

/** Lets background threads end what one case began, which would count as processor time of the next one. */
const settle = () => Atomics.wait(cell, 0, 0, SETTLE_MS);

/** One thing to measure: `run` works on `samples` samples of round `round`. */
export interface Case {
  name: string;
  samples: number;
  run(round: number): void;
}

/** Thousands of samples per second: median and range over the rounds. */
export interface Rate {
  median: number;
  low: number;
  high: number;
}

export interface Measurement {
  name: string;
  wall: Rate;
  /** Per second of processor time of all threads. */
  cpu: Rate;
}

/**
 * Runs all cases in turn, round after round, so that whatever else the machine does meets all of them alike. The first
 * `warmUps` rounds do not count: the compiler is still at work, and networks still grow.
 */
export function measure(cases: Case[], { rounds, warmUps }: { rounds: number; warmUps: number }): Measurement[] {
  const times = cases.map(() => ({ wall: [] as number[], cpu: [] as number[] }));
  for (let round = 0; round < warmUps + rounds; round++) {
    cases.forEach((each, index) => {
      settle();
      const cpuBefore = process.cpuUsage();
      const before = performance.now();
      each.run(round);
      const wall = performance.now() - before;
      const { user, system } = process.cpuUsage(cpuBefore);
      if (round < warmUps) return;
      times[index]!.wall.push(each.samples / wall);
      times[index]!.cpu.push((each.samples * 1000) / (user + system));
    });
  }
  return cases.map(({ name }, index) => ({
    name,
    wall: rateOf(times[index]!.wall),
    cpu: rateOf(times[index]!.cpu),
  }));
}
