/** How good the answers of a call are, each before the step that learnt it: sums over its rows for every output. */
import { RAMP_HIGH, RAMP_LOW } from "../../../encoders/target-shares.ts";
import { NONE, SCORED_BOOL, SCORED_CLASS, SCORED_NUMBER, SCORED_PROBABILITY_MIN } from "../../../network/constants.ts";
import {
  AT_EXPECTED,
  AT_MUTED,
  AT_OUTPUT,
  AT_SCORED,
  AT_SCORES,
  COUNT,
  OUTPUTS,
  SCORED_BYTES,
  SCORED_COUNT,
  SCORED_IS_ROW,
  SCORED_KIND,
  SCORED_LEAST,
  SCORED_NEURONS,
  SCORED_OTHER,
  SCORED_POSITIONS,
  SCORED_WANTED,
  SCORED_WIDTH,
  SCORE_ROWS,
  SCORES_BYTES,
} from "../slots.ts";
import { getF, getU, slot } from "./memory.ts";
import { madd, splat, sum } from "./vectors.ts";
import { yieldAfter } from "./yield-point.ts";

/** Values between two yield points. */
const PIECE_VALUES: u32 = 65_536;

// The sums of one row.
let values: f32 = 0;
let wantedValues: f32 = 0;
let zeros: f32 = 0;
let right: f32 = 0;
let trueValue: f32 = 0;
let trueShare: f32 = 0;
let shares: f32 = 0;
let highest: f32 = -1;
let error: f32 = 0;
let squaredErrors: f32 = 0;
let targets: f32 = 0;
let squaredTargets: f32 = 0;

/** Number of items for the rows of the call: the same for any number of threads, and with it the order of all sums. */
export function scoreItems(): u32 {
  return (slot(COUNT) + SCORE_ROWS - 1) / SCORE_ROWS;
}

/** Adds up the rows of an item. */
export function scoreRows(item: u32): void {
  const outputs = slot(SCORED_COUNT);
  const first = item * SCORE_ROWS;
  const last = min<u32>(first + SCORE_ROWS, slot(COUNT));
  for (let output: u32 = 0; output < outputs; output++) {
    const sums = slot(AT_SCORES) + <usize>(item * outputs + output) * SCORES_BYTES;
    scoreOutput(slot(AT_SCORED) + <usize>output * SCORED_BYTES, sums, first, last);
  }
}

function scoreOutput(record: usize, sums: usize, from: u32, to: u32): void {
  const bytes = <usize>slot(OUTPUTS) << 2;
  const isRow = load<u32>(record, SCORED_IS_ROW) != 0;
  let done: u32 = 0;
  for (let row = from; row < to; row++) {
    if (load<u8>(slot(AT_MUTED) + row) != 0) continue;
    begin();
    const at = <usize>row * bytes;
    if (isRow) addRow(record, slot(AT_OUTPUT) + at, slot(AT_EXPECTED) + at);
    else addListed(record, slot(AT_OUTPUT) + at, slot(AT_EXPECTED) + at, 0);
    if (values > 0) end(load<u32>(record, SCORED_KIND), sums);
    done += load<u32>(record, SCORED_WIDTH) * load<u32>(record, SCORED_POSITIONS);
    if (done < PIECE_VALUES) continue;
    done = 0;
    yieldAfter(1);
  }
}

// @ts-ignore: decorator
@inline
function begin(): void {
  values = wantedValues = zeros = right = trueValue = trueShare = shares = 0;
  error = squaredErrors = targets = squaredTargets = 0;
  highest = -1;
}

/** Four values at a time: the neurons of each position follow each other, and all positions are equally wide. */
function addRow(record: usize, shown: usize, expected: usize): void {
  const width = load<u32>(record, SCORED_WIDTH);
  const positions = load<u32>(record, SCORED_POSITIONS);
  const neurons = <usize>load<u32>(record, SCORED_NEURONS);
  const first = <usize>getU(neurons, 0) << 2;
  const wanted = splat(load<f32>(record, SCORED_WANTED));
  const other = splat(load<f32>(record, SCORED_OTHER));
  const least = splat(load<f32>(record, SCORED_LEAST));
  const share = splat(1 / <f32>positions);
  const half = splat(0.5);
  const none = splat(0);
  let nValues = none, nWanted = none, nZeros = none, nRight = none;
  let sTrue = none, sTrueShare = none, sShares = none, best = splat(-1);
  let sError = none, sSquares = none, sTargets = none, sSquaredTargets = none;
  const one = splat(1);
  let k: u32 = 0;
  for (; k + 4 <= width; k += 4) {
    const offset = <usize>k << 2;
    const t = v128.load(expected + first + offset);
    let o = v128.load(shown + first + offset);
    for (let p: u32 = 1; p < positions; p++)
      o = f32x4.add(o, v128.load(shown + (<usize>getU(neurons, p * width) << 2) + offset));
    o = f32x4.mul(o, share);
    const has = f32x4.eq(t, t);
    const isWanted = f32x4.eq(t, wanted);
    const e = v128.and(has, f32x4.sub(o, t));
    const known = v128.and(has, t);
    const s = v128.and(has, f32x4.pmax(least, f32x4.sub(o, other)));
    nValues = f32x4.add(nValues, v128.and(has, one));
    nWanted = f32x4.add(nWanted, v128.and(isWanted, one));
    nZeros = f32x4.add(nZeros, v128.and(f32x4.eq(t, none), one));
    const differs = v128.xor(f32x4.ge(o, half), f32x4.ge(t, half));
    nRight = f32x4.add(nRight, v128.and(v128.andnot(has, differs), one));
    sTrue = f32x4.add(sTrue, v128.and(isWanted, o));
    sTrueShare = f32x4.add(sTrueShare, v128.and(isWanted, s));
    sShares = f32x4.add(sShares, s);
    best = f32x4.pmax(best, v128.bitselect(o, splat(-1), v128.andnot(has, isWanted)));
    sError = f32x4.add(sError, e);
    sSquares = madd(e, e, sSquares);
    sTargets = f32x4.add(sTargets, known);
    sSquaredTargets = madd(known, known, sSquaredTargets);
  }
  values = sum(nValues);
  wantedValues = sum(nWanted);
  zeros = sum(nZeros);
  right = sum(nRight);
  trueValue = sum(sTrue);
  trueShare = sum(sTrueShare);
  shares = sum(sShares);
  highest = max(
    max(f32x4.extract_lane(best, 0), f32x4.extract_lane(best, 1)),
    max(f32x4.extract_lane(best, 2), f32x4.extract_lane(best, 3)),
  );
  error = sum(sError);
  squaredErrors = sum(sSquares);
  targets = sum(sTargets);
  squaredTargets = sum(sSquaredTargets);
  addListed(record, shown, expected, k);
}

/** One value at a time, from `start` on: the record lists the neuron of each. */
function addListed(record: usize, shown: usize, expected: usize, start: u32): void {
  const width = load<u32>(record, SCORED_WIDTH);
  const positions = load<u32>(record, SCORED_POSITIONS);
  const neurons = <usize>load<u32>(record, SCORED_NEURONS);
  const wanted = load<f32>(record, SCORED_WANTED);
  for (let k: u32 = start; k < width; k++) {
    const first = getU(neurons, k);
    if (first == NONE) continue;
    const target = getF(expected, first);
    if (target != target) continue;
    let value: f32 = 0;
    for (let p: u32 = 0; p < positions; p++) {
      const neuron = getU(neurons, p * width + k);
      if (neuron != NONE) value += getF(shown, neuron);
    }
    value /= <f32>positions;
    const share = max(load<f32>(record, SCORED_LEAST), value - load<f32>(record, SCORED_OTHER));
    const e = value - target;
    values += 1;
    error += e;
    squaredErrors += e * e;
    targets += target;
    squaredTargets += target * target;
    shares += share;
    if (target == 0) zeros += 1;
    if ((value >= 0.5) == (target >= 0.5)) right += 1;
    if (target == wanted) {
      wantedValues += 1;
      trueValue += value;
      trueShare += share;
    } else highest = max(highest, value);
  }
}

/** Adds the row to the sums: rows, odd, hits, loss, squaredErrors, targets, squaredTargets. */
function end(kind: u32, sums: usize): void {
  addTo(sums, 1);
  if (kind == SCORED_NUMBER) {
    const scale = values * <f32>(RAMP_HIGH - RAMP_LOW);
    const number = <f64>((targets - values * <f32>RAMP_LOW) / scale);
    const e = <f64>(error / scale);
    addTo(sums + 32, e * e);
    addTo(sums + 40, number);
    addTo(sums + 48, number * number);
    return;
  }
  addTo(sums + 32, <f64>(squaredErrors / values));
  addTo(sums + 40, <f64>(targets / values));
  addTo(sums + 48, <f64>(squaredTargets / values));
  const isOneHot = values > 1 && wantedValues + zeros == values;
  if (kind == SCORED_BOOL) addTo(sums + 16, <f64>(right / values));
  else if (wantedValues == 1 && (kind == SCORED_CLASS || isOneHot)) {
    if (trueValue > highest) addTo(sums + 16, 1);
    const probability = shares > 0 ? trueShare / shares : 1 / values;
    addTo(sums + 24, -<f64>Mathf.log(min<f32>(1, max<f32>(<f32>SCORED_PROBABILITY_MIN, probability))));
  } else addTo(sums + 8, 1);
}

// @ts-ignore: decorator
@inline
function addTo(at: usize, value: f64): void {
  store<f64>(at, load<f64>(at) + value);
}
