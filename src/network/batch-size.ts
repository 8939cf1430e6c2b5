import type { UpdateRule } from "./run.ts";

const SIZES = [128, 64, 32, 16];
const STEPS_MIN = 200;
/** Smallest batch for the batch rule: fewer samples do not give a useful mean to centre the gradients on. */
const BATCH_RULE_MIN = 16;

/**
 * Default batch size of a task of `cycles` cycles (rows times epochs): the largest of 128, 64, 32 and 16 that leaves at
 * least 200 steps and does not exceed `most`, otherwise 16. A batch may cross the end of an epoch.
 *
 * Measured: accuracy in percent after one epoch of the first n rows of MNIST, and the RMS error after 2000 cycles of a
 * sine, by batch size.
 *
 *     cycles    1      16     32     64     128
 *     300       60.4   63.0   63.2   63.1   60.2
 *     3000      86.8   87.9   87.4   87.3   86.0
 *     12000     91.5   92.4   92.6   92.4   91.9
 *     60000     96.8                        97.3
 *     sine      0.117  0.050  0.055         0.110
 */
export function defaultBatchSize(cycles: number, most = Infinity): number {
  return SIZES.find((size) => size <= most && cycles >= size * STEPS_MIN) ?? BATCH_RULE_MIN;
}

/** The default update rule for a batch size. */
export function updateRule(batchSize: number): UpdateRule {
  return batchSize >= BATCH_RULE_MIN ? "batch" : "online";
}
