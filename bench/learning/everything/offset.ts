/**
 * Values that lie far from 0, compared with how much they differ: the same curve and the same classes, moved away. The
 * values are given to the network as tasks do, less the offsets of the training rows.
 */
import { autoEpochs } from "../../../src/encoders/default-template.ts";
import { OffsetFit, subtractOffsets } from "../../../src/encoders/offsets.ts";
import { defaultBatchSize } from "../../../src/network/batch-size.ts";
import { mean } from "../../tables/results.ts";
import { trials } from "../runs.ts";
import { make, uniform, type Problem, type Table } from "../tables.ts";
import { seedsOf, type Measure, type Part } from "./measures.ts";

const OFFSETS = [0, 10, 100, 1000];
const SINE_EPOCHS = 5;
/** Years 1970 to 1982. */
const [YEAR_FIRST, YEARS, YEAR_MIDDLE] = [1970, 13, 1976];
const YEAR_ROWS = 400;

export const offset: Part = {
  name: "offset",
  *measure(sizes) {
    const seeds = seedsOf(sizes).length;
    for (const away of OFFSETS) yield sine(away, seeds);
    yield xorOfYears(seeds);
  },
};

function sine(away: number, seeds: number): Measure {
  const rows = (count: number, seed: number) => {
    const random = uniform(seed);
    return make(count, 1, 1, () => {
      const x = random();
      return [[x + away], [0.5 + 0.45 * Math.sin(2 * Math.PI * x)]];
    });
  };
  const problem: Problem = { train: rows(2000, 201), test: rows(1000, 202), measure: "rms" };
  return {
    name: `sine of x in 0..1, given as x + ${away}`,
    unit: "error",
    ...learn(problem, SINE_EPOCHS, seeds),
    peers: { mean: 0.45 / Math.SQRT2 },
  };
}

/** Whether exactly one of two years is after 1976. */
function xorOfYears(seeds: number): Measure {
  const rows = (seed: number): Table => {
    const random = uniform(seed);
    const year = () => YEAR_FIRST + Math.floor(YEARS * random());
    return make(YEAR_ROWS, 2, 2, () => {
      const [a, b] = [year(), year()];
      const isOne = a > YEAR_MIDDLE !== b > YEAR_MIDDLE;
      return [
        [a, b],
        [Number(!isOne), Number(isOne)],
      ];
    });
  };
  const problem: Problem = { train: rows(203), test: rows(204), measure: "percent" };
  const { epochs } = autoEpochs({ rows: YEAR_ROWS, isClass: true });
  const ones = mean(Array.from({ length: YEAR_ROWS }, (_, row) => problem.test.y[2 * row]!));
  return {
    name: "XOR of two years, 1970 to 1982",
    unit: "percent",
    ...learn(problem, epochs, seeds),
    peers: { "commonest class": 100 * Math.max(ones, 1 - ones) },
  };
}

function learn(problem: Problem, epochs: number, seeds: number): Pick<Measure, "values" | "on"> {
  const { each } = trials(seeds, withoutOffsets(problem), defaultBatchSize(problem.train.rows * epochs), { epochs });
  return { values: each.map(({ score }) => score), on: "other rows" };
}

/** The problem as its network sees it. */
function withoutOffsets({ train, test, measure }: Problem): Problem {
  const fit = new OffsetFit(train.inputs);
  fit.add(train.x);
  const offsets = fit.offsets();
  if (offsets === undefined) return { train, test, measure };
  const shifted = (table: Table): Table => {
    const x = table.x.slice();
    subtractOffsets(x, table.inputs, offsets);
    return { ...table, x };
  };
  return { train: shifted(train), test: shifted(test), measure };
}
