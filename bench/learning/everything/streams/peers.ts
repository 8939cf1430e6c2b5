/** Simple learners of streams of our own, to compare with. */
import type { Table } from "../../tables.ts";
import type { Learner } from "./prequential.ts";

const RATE = 0.1;

/** Multinomial logistic regression, one plain step of gradient descent for each row. */
export function softmaxRegression({ inputs, outputs }: Table): Learner {
  const stride = inputs + 1;
  const weights = new Float64Array(outputs * stride);
  const answer = ({ x }: Table): Float64Array => {
    const shares = new Float64Array(outputs);
    for (let k = 0; k < outputs; k++) {
      let sum = weights[k * stride + inputs]!;
      for (let i = 0; i < inputs; i++) sum += weights[k * stride + i]! * x[i]!;
      shares[k] = sum;
    }
    const most = Math.max(...shares);
    const powers = shares.map((each) => Math.exp(each - most));
    const total = powers.reduce((sum, each) => sum + each, 0);
    return powers.map((each) => each / total);
  };
  return {
    step: 1,
    answer,
    learn(row) {
      const shares = answer(row);
      for (let k = 0; k < outputs; k++) {
        const move = RATE * (row.y[k]! - shares[k]!);
        for (let i = 0; i < inputs; i++) weights[k * stride + i]! += move * row.x[i]!;
        weights[k * stride + inputs]! += move;
      }
    },
  };
}

const [NEIGHBOURS, KEPT_ROWS] = [5, 1000];

/** What most of the five nearest of the last 1000 rows are; among equals, what the nearer ones are. */
export function nearestNeighbours({ inputs, outputs }: Table): Learner {
  const kept = { x: new Float32Array(KEPT_ROWS * inputs), y: new Float32Array(KEPT_ROWS * outputs) };
  let seen = 0;
  return {
    step: 1,
    answer({ x }) {
      const nearest: { distance: number; row: number }[] = [];
      for (let row = 0; row < Math.min(seen, KEPT_ROWS); row++) {
        const most = nearest.length < NEIGHBOURS ? Infinity : nearest.at(-1)!.distance;
        const distance = squaredDistance(x, kept.x, row * inputs, most);
        if (distance >= most) continue;
        const at = nearest.findIndex((each) => each.distance > distance);
        nearest.splice(at === -1 ? nearest.length : at, 0, { distance, row });
        if (nearest.length > NEIGHBOURS) nearest.pop();
      }
      const votes = new Float64Array(outputs);
      nearest.forEach(({ row }, place) => {
        // Hundredths decide among equals: nearer ones count more.
        votes[kept.y.subarray(row * outputs, (row + 1) * outputs).indexOf(1)]! += 1 + (NEIGHBOURS - place) / 100;
      });
      return votes;
    },
    learn({ x, y }) {
      const row = seen % KEPT_ROWS;
      kept.x.set(x, row * inputs);
      kept.y.set(y, row * outputs);
      seen += 1;
    },
  };
}

/** The squared distance of `x` and the row at `from`; at least `most` if it is that large. */
function squaredDistance(x: Float32Array, rows: Float32Array, from: number, most: number): number {
  let sum = 0;
  for (let i = 0; i < x.length && sum < most; i++) sum += (x[i]! - rows[from + i]!) ** 2;
  return sum;
}
