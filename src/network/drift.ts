import { DIRECT_SAMPLES_MAX } from "./constants.ts";

/** Samples over which the fast and the slow mean of the errors reach back. */
const [FAST_SAMPLES, SLOW_SAMPLES] = [100, 1000];
/** The fast mean must exceed the slow one by this factor, and by this much. A factor of 1.5 is reached by chance. */
const [DRIFT_FACTOR, DRIFT_ERROR] = [2, 0.05];
/** Samples before the first drift that counts, and between two. */
const DRIFT_PAUSE = 200;
/** The share of its samples that a network counts after a drift: its rate rises as if it had learnt only these. */
const KEPT_SHARE = 0.25;

/** What is known about the errors of a stream. All numbers are >= 0. */
export interface DriftState {
  /** Samples whose errors were seen, at most those that the slow mean reaches back. */
  seen: number;
  /** Means of the squared errors of a sample, summed over its outputs. */
  fast: number;
  slow: number;
  /** Samples until a drift counts again. */
  pause: number;
  /** Trained samples that no longer count for the learning rate. */
  forgotten: number;
}

export const noDrift = (): DriftState => ({ seen: 0, fast: 0, slow: 0, pause: DRIFT_PAUSE, forgotten: 0 });

/** Trained samples that count for the learning rate of a stream, of `trained` in all. */
export function countedSamples({ forgotten }: DriftState, trained: number): number {
  return Math.min(Math.max(0, trained - forgotten), DIRECT_SAMPLES_MAX);
}

/**
 * Takes in the squared error of the next sample, before it is learnt, of a network with `trained` trained samples. When
 * the errors have suddenly become much larger, what the network has learnt is no longer true: most of its samples stop
 * counting. A gradual change is not seen.
 */
export function watchDrift(state: DriftState, error: number, trained: number): void {
  state.seen = Math.min(state.seen + 1, SLOW_SAMPLES);
  state.fast += (error - state.fast) * Math.max(1 / FAST_SAMPLES, 1 / state.seen);
  state.slow += (error - state.slow) * Math.max(1 / SLOW_SAMPLES, 1 / state.seen);
  if (state.pause > 0) state.pause -= 1;
  else if (state.fast > DRIFT_FACTOR * state.slow + DRIFT_ERROR) {
    state.forgotten = trained - Math.floor(KEPT_SHARE * countedSamples(state, trained));
    state.slow = state.fast;
    state.pause = DRIFT_PAUSE;
  }
}
