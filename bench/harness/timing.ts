/** The cost of some work: elapsed time, and processor time of all threads of this process. */
export interface Times {
  wallMs: number;
  cpuMs: number;
}

export async function timed<T>(work: () => T | Promise<T>): Promise<{ result: T; times: Times }> {
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const result = await work();
  const wallMs = performance.now() - before;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { result, times: { wallMs, cpuMs: (user + system) / 1000 } };
}

/**
 * Runs all cases in turn, round after round, so that other load on the machine affects them equally. Drops the results
 * of the first `warmUps` rounds, in which code is still being compiled and networks still grow. Returns the results of
 * each case. Calls `onRound` after each round.
 */
export async function runInTurn<T>(
  cases: ((round: number) => T | Promise<T>)[],
  { rounds, warmUps, onRound }: { rounds: number; warmUps: number; onRound?: (round: number) => void },
): Promise<T[][]> {
  const results = cases.map((): T[] => []);
  for (let round = 0; round < warmUps + rounds; round++) {
    for (const [index, run] of cases.entries()) {
      const result = await run(round);
      if (round >= warmUps) results[index]!.push(result);
    }
    onRound?.(round);
  }
  return results;
}
