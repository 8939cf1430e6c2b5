import { emptyTally, TALLIES, type OutputTally, type RunScores } from "../network/run-scores.ts";
import type { CurveOutput } from "./curve-output.ts";
import { type CurveMeasurement, measurementOf } from "./measurement.ts";
import { tallyScores } from "./tally-scores.ts";

/** Samples that a score is of. */
const SAMPLES = 1000;
/** Samples that are counted together, and thus leave together; more where many outputs would take much memory. */
const PIECE_SAMPLES = 16;
const TALLIES_MAX = 4096;

type Piece = Pick<RunScores, "samples" | "outputs">;

/** How good the last thousand samples were answered before they were learnt, of a network that learns a stream. */
export class RollingScore {
  #pieces: Piece[] = [];
  #samples = 0;

  add({ samples, outputs }: Piece): void {
    const last = this.#pieces.at(-1);
    const pieceSamples = Math.max(PIECE_SAMPLES, Math.ceil((SAMPLES * outputs.length) / TALLIES_MAX));
    if (last !== undefined && last.samples < pieceSamples) {
      last.samples += samples;
      for (const [nth, tally] of outputs.entries()) addTo(last.outputs[nth]!, tally);
    } else this.#pieces.push({ samples, outputs: outputs.map((tally) => ({ ...tally })) });
    this.#samples += samples;
    while (this.#samples - this.#pieces[0]!.samples >= SAMPLES) this.#samples -= this.#pieces.shift()!.samples;
  }

  /** About the last thousand, or all so far. */
  read(outputs: readonly CurveOutput[]): ClusterScore {
    const scored = outputs.map((output, nth) => {
      const total = this.#pieces.reduce((sum, piece) => addTo(sum, piece.outputs[nth]!), emptyTally(output.name));
      return tallyScores(output, { sums: total, total, isOdd: total.odd > 0 });
    });
    return { samples: this.#samples, ...measurementOf(scored) };
  }
}

/** The score of a cluster in direct IO, over its last samples. */
export interface ClusterScore extends CurveMeasurement {
  samples: number;
}

function addTo(sum: OutputTally, tally: OutputTally): OutputTally {
  for (const key of TALLIES) sum[key] += tally[key];
  return sum;
}
