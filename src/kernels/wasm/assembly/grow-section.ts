/** Growth of one section from one value, which is rare. Rounds like the reference, so that both grow alike. */
import {
  APPEND_FROM,
  APPEND_FROM_FINE,
  INPUT_RAMP_COUNT,
  INPUT_RAMP_SIZE,
  INPUT_WEIGHT_RANGE,
  NEURON_RAMP_COUNT,
  NEURON_RAMP_END_MIN,
  NEURON_RAMP_SIZE,
  NEURON_WEIGHT_RANGE,
  PCG_INCREMENT,
  PCG_MULTIPLIER,
  PCG_WORD_MULTIPLIER,
  RAMP_SHRINK,
  RECOVERIES_MAX,
  RECOVERY_SHARE,
  RECOVERY_VISITS,
  RUN,
  SYNAPSE_MULTIPLIER,
  TOLERANCE_SHRINK,
  UNIFORM_VALUES,
} from "../../../network/constants.ts";
import {
  AT_ENDS,
  AT_LARGEST,
  AT_LOWER,
  AT_RAMP_MEAN,
  AT_RAMP_SQUARE,
  AT_RAMPS,
  AT_RANGE,
  AT_RECOVERIES,
  AT_SEED,
  AT_SPLIT,
  AT_TOLERANCE,
  AT_VISITS,
  AT_WEIGHT,
  AT_WEIGHT_MOMENT,
  FLAG_SPLIT,
  KIND_INPUT,
  KIND_MATCH,
  KIND_NEURON,
} from "../slots.ts";
import { tileOfRun } from "./hot.ts";
import { getF, getU, rampsOf, setF, setSlot, setU, slot } from "./memory.ts";

/** Grows a section for a positive value of its source. Returns whether its hot record is out of date afterwards. */
export function growSection(section: u32, kind: u32, value: f32): bool {
  const x = min(value - getF(slot(AT_LOWER), section), getF(slot(AT_RANGE), section));
  if (!(x > 0)) return false;
  if (kind == KIND_MATCH) return insertValue(section, x);
  const ramps = rampsOf(section);
  const ends = slot(AT_ENDS) + ((<usize>section) << 4);
  let isChanged = false;
  if (ramps > 0) {
    if (kind == KIND_INPUT) isChanged = visit(section, x);
    const reach = getF(ends, ramps - 1);
    if (x <= reach) return refine(section, kind, x) || isChanged;
    const from: f32 = getF(slot(AT_TOLERANCE), section) > 0 ? <f32>APPEND_FROM_FINE : <f32>APPEND_FROM;
    if (x <= from * reach) return isChanged;
  }
  const full: u32 = kind == KIND_NEURON ? NEURON_RAMP_COUNT : INPUT_RAMP_COUNT;
  if (ramps >= full) {
    markSplit(section, getF(ends, (full >> 1) - 1));
    return isChanged;
  }
  setRamp(section, kind, ramps, kind == KIND_NEURON ? max<f32>(x, <f32>NEURON_RAMP_END_MIN) : x);
  return true;
}

function markSplit(section: u32, border: f32): void {
  setF(slot(AT_SPLIT), section, border);
  setSlot(FLAG_SPLIT, 1);
}

/** Counts a visit of a section with ramps. Returns whether its ramps changed. */
function visit(section: u32, x: f32): bool {
  if (getU(slot(AT_RECOVERIES), section) >= <u32>RECOVERIES_MAX) return false;
  setF(slot(AT_LARGEST), section, max(getF(slot(AT_LARGEST), section), x));
  const visits = getU(slot(AT_VISITS), section) + 1;
  setU(slot(AT_VISITS), section, visits);
  return visits < <u32>RECOVERY_VISITS ? false : recover(section);
}

/**
 * After RECOVERY_VISITS visits: scales the ramps down when all values were far below their end, and restarts the count.
 */
export function recover(section: u32): bool {
  const largest = getF(slot(AT_LARGEST), section);
  setF(slot(AT_LARGEST), section, 0);
  setU(slot(AT_VISITS), section, 0);
  const ends = slot(AT_ENDS) + ((<usize>section) << 4);
  const ramps = rampsOf(section);
  const reach = getF(ends, ramps - 1);
  if (!(largest < reach * <f32>RECOVERY_SHARE)) return false;
  for (let r: u32 = 0; r < ramps; r++) setF(ends, r, (getF(ends, r) / reach) * largest);
  setU(slot(AT_RECOVERIES), section, getU(slot(AT_RECOVERIES), section) + 1);
  return true;
}

/** Shrinks the ramp that holds a value when the value is near its middle. Returns whether it shrank. */
function refine(section: u32, kind: u32, x: f32): bool {
  const tolerance = getF(slot(AT_TOLERANCE), section);
  if (tolerance == 0) return false;
  const ends = slot(AT_ENDS) + ((<usize>section) << 4);
  const ramps = rampsOf(section);
  let r: u32 = 0;
  while (r + 1 < ramps && getF(ends, r) < x) r++;
  const start: f32 = r == 0 ? 0 : getF(ends, r - 1);
  const width = getF(ends, r) - start;
  if (!(abs((<f64>x - <f64>start) / <f64>width - 0.5) < <f64>tolerance)) return false;
  const shift = <f64>width - <f64>(<f32>(<f64>width / RAMP_SHRINK));
  for (let later = r; later < ramps; later++) setF(ends, later, <f32>(<f64>getF(ends, later) - shift));
  const runs = runsPerRamp(kind);
  for (let run = r * runs; run < (r + 1) * runs; run++) {
    const weights = runOf(AT_WEIGHT, section, run);
    for (let i: u32 = 0; i < <u32>RUN; i++) setF(weights, i, <f32>(<f64>getF(weights, i) / RAMP_SHRINK));
  }
  setF(slot(AT_TOLERANCE), section, <f32>(<f64>tolerance / TOLERANCE_SHRINK));
  return true;
}

/** Runs of 32 synapses that share one ramp. */
// @ts-ignore: decorator
@inline
function runsPerRamp(kind: u32): u32 {
  return kind == KIND_NEURON ? NEURON_RAMP_SIZE / RUN : INPUT_RAMP_SIZE / RUN;
}

/** Index of the tile that a run ends in, over all sections. */
function tileAt(section: u32, run: u32): u32 {
  return section * 4 + tileOfRun(getU(slot(AT_SEED), section), run);
}

/** Address of a run of 32 weights or moments. */
function runOf(array: i32, section: u32, run: u32): usize {
  return slot(array) + ((<usize>section) << 9) + (tileOfRun(getU(slot(AT_SEED), section), run) << 7);
}

function insertValue(section: u32, x: f32): bool {
  const ends = slot(AT_ENDS) + ((<usize>section) << 4);
  const squares = slot(AT_RAMP_SQUARE) + ((<usize>section) << 4);
  const ramps = rampsOf(section);
  let r: u32 = 0;
  while (r < ramps && getF(ends, r) < x) r++;
  if (r < ramps && getF(ends, r) == x) return false;
  if (ramps == INPUT_RAMP_COUNT) {
    markSplit(section, getF(ends, INPUT_RAMP_COUNT / 2 - 1));
    return false;
  }
  for (let above = ramps; above > r; above--) {
    setF(ends, above, getF(ends, above - 1));
    setF(squares, above, getF(squares, above - 1));
    memory.copy(runOf(AT_WEIGHT, section, above), runOf(AT_WEIGHT, section, above - 1), 128);
    memory.copy(runOf(AT_WEIGHT_MOMENT, section, above), runOf(AT_WEIGHT_MOMENT, section, above - 1), 128);
    setF(slot(AT_RAMP_MEAN), tileAt(section, above), getF(slot(AT_RAMP_MEAN), tileAt(section, above - 1)));
  }
  setRamp(section, KIND_MATCH, r, x);
  return true;
}

function setRamp(section: u32, kind: u32, ramp: u32, end: f32): void {
  setF(slot(AT_ENDS), section * 4 + ramp, end);
  setF(slot(AT_RAMP_SQUARE), section * 4 + ramp, 0);
  const seed = getU(slot(AT_SEED), section);
  const runs = runsPerRamp(kind);
  const range = kind == KIND_NEURON ? NEURON_WEIGHT_RANGE : INPUT_WEIGHT_RANGE;
  for (let run = ramp * runs; run < (ramp + 1) * runs; run++) {
    const weights = runOf(AT_WEIGHT, section, run);
    for (let i: u32 = 0; i < <u32>RUN; i++) setF(weights, i, startWeight(seed, run * RUN + i, range));
    memory.fill(runOf(AT_WEIGHT_MOMENT, section, run), 0, 128);
    setF(slot(AT_RAMP_MEAN), tileAt(section, run), 0);
  }
  setU(slot(AT_RAMPS), section, rampsOf(section) + 1);
}

function startWeight(seed: u32, synapse: u32, range: f64): f32 {
  const mixed = pcg(pcg(seed ^ (synapse * SYNAPSE_MULTIPLIER)) + synapse);
  return <f32>((2 * <f64>(mixed >> 8) * (1 / <f64>UNIFORM_VALUES) - 1) * range);
}

function pcg(x: u32): u32 {
  const state = x * PCG_MULTIPLIER + PCG_INCREMENT;
  const word = ((state >> ((state >> 28) + 4)) ^ state) * PCG_WORD_MULTIPLIER;
  return (word >> 22) ^ word;
}
