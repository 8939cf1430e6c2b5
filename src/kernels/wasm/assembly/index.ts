/** Entry points for the host: training and requests over the rows of the call. */
import {
  AT_LAST_VALUE,
  AT_LANES,
  AT_OCTETS,
  AT_LEARNERS,
  AT_LEARNS,
  AT_RATES,
  AT_SHUFFLES,
  AT_VALUE,
  AT_HEADER,
  COUNT,
  FIRST_SECTION,
  FLAG_NEW,
  FLAG_SPLIT,
  HAS_BACK_EDGES,
  HEADER_ADAM_STEPS,
  HEADER_BLOCKS,
  HEADER_SECTIONS,
  HEADER_TILES,
  IS_SINGLE,
  HEXAGON_BLOCK_COUNT,
  HEXAGON_COUNT,
  HEXAGON_ROLE,
  HEXAGON_TARGET_COUNT,
  IS_BATCH,
  LEARNERS,
  LEARNT,
  NEURON_BLOCK_COUNT,
  RATE,
  ROLE_HIDDEN,
  ROLE_INPUT,
  ROW,
  SAMPLES,
  STEP,
  STRIDE,
  THREADS,
} from "../slots.ts";
import { remembers } from "./forward.ts";
import { cursorsOf, recordsOf, touchedOf } from "./local.ts";
import { forwardOne, growOne, growsAhead, hasNewSources } from "./online.ts";
import { learnOne } from "./online-learn.ts";
import { countOnline, setTouchedEnd } from "./online-means.ts";
import { error, output } from "./output.ts";
import { unpack } from "./unpack.ts";
import { getU, header, hexagonAt, setSlot, setU, slot } from "./memory.ts";
import {
  BACKWARD,
  chunksOf,
  FINISH,
  FORWARD,
  GRADIENT,
  GROW,
  GROW_NEW,
  OUTPUT,
  REQUEST,
  SCORE,
  showsOutputs,
  SOURCES,
  SPIKE,
  UNPACK,
  UPDATE,
} from "./phases.ts";
import { runPhase } from "./pool.ts";
import { scoreItems } from "./score.ts";
import { sourceItems } from "./sources.ts";
import { biasItems } from "./update-biases.ts";
import { updateOutputBias } from "./update-readout.ts";

export { refreshRange } from "./hot";
export { help } from "./pool";

/** Adds sections for the hexagon's neurons that are positive for the first time, according to AT_TOP. */
// @ts-ignore: decorator
@external("host", "allocate")
declare function hostAllocate(hexagon: u32): void;
/** Splits the marked sections that a hexagon feeds. */
// @ts-ignore: decorator
@external("host", "split")
declare function hostSplit(hexagon: u32): void;

/** Fills the constant tables; call it once per memory. */
export function start(): void {
  for (let mask: u32 = 0; mask < 16; mask++) {
    let found: u32 = 0;
    let lanes: u32 = 0;
    const shuffle = AT_SHUFFLES + (<usize>mask << 4);
    memory.fill(shuffle, 0x80, 16);
    for (let lane: u32 = 0; lane < 4; lane++) {
      if (((mask >> lane) & 1) == 0) continue;
      lanes |= lane << (found * 8);
      for (let byte: u32 = 0; byte < 4; byte++) store<u8>(shuffle + found * 4 + byte, <u8>(lane * 4 + byte));
      found++;
    }
    store<u32>(AT_LANES + (<usize>mask << 2), lanes);
  }
  for (let mask: u32 = 0; mask < 256; mask++) {
    let found: u32 = 0;
    for (let lane: u32 = 0; lane < 8; lane++)
      if (((mask >> lane) & 1) != 0) store<u8>(AT_OCTETS + mask * 8 + found++, <u8>lane);
  }
}

/** Sets bytes to 0. */
export function zero(at: usize, bytes: usize): void {
  memory.fill(at, 0, bytes);
}

/** Resets the cursors, so that no record is written where an earlier run stopped. */
function clearCursors(): void {
  const bytes = <usize>(slot(NEURON_BLOCK_COUNT) + 1) << 4;
  for (let thread: u32 = 0; thread < slot(THREADS); thread++) memory.fill(cursorsOf(thread), 0, bytes);
}

/** Computes the outputs of COUNT rows, STEP at a time. */
export function request(): void {
  clearCursors();
  for (let row: u32 = 0; row < slot(COUNT); row += slot(STEP)) {
    beginStep(row);
    runPhase(REQUEST, 0, chunksOf(slot(SAMPLES)));
    rememberValues();
  }
}

/** Trains on COUNT rows, STEP at a time. */
export function train(): void {
  clearCursors();
  setSlot(LEARNT, 0);
  let step: u32 = 0;
  for (let row: u32 = 0; row < slot(COUNT); row += slot(STEP)) {
    beginStep(row);
    setSlot(RATE, getU(slot(AT_RATES), step++));
    // One sample leaves nothing to share between threads, but much between the forward and backward halves of the step.
    if (slot(IS_SINGLE) != 0) trainOne();
    else trainStep();
  }
}

/** Adds up how good the answers of the last training were. */
export function score(): void {
  runPhase(SCORE, 0, scoreItems());
}

function beginStep(row: u32): void {
  setSlot(ROW, row);
  setSlot(SAMPLES, min<u32>(slot(STEP), slot(COUNT) - row));
}

function trainStep(): void {
  const chunks = chunksOf(slot(SAMPLES));
  runPhase(UNPACK, 0, chunks);
  const hexagons = slot(HEXAGON_COUNT);
  for (let hexagon: u32 = 0; hexagon < hexagons; hexagon++) {
    if (load<u32>(hexagonAt(hexagon), HEXAGON_ROLE) != ROLE_INPUT) {
      runPhase(FORWARD, hexagon, chunks);
      if (remembers(hexagon)) runPhase(SPIKE, hexagon, load<u32>(hexagonAt(hexagon), HEXAGON_BLOCK_COUNT));
    }
    if (load<u32>(hexagonAt(hexagon), HEXAGON_TARGET_COUNT) > 0) grow(hexagon);
  }
  if (!showsOutputs(hexagons - 1)) runPhase(OUTPUT, 0, chunks);
  if (gatherLearners() > 0) learn();
  rememberValues();
}

function trainOne(): void {
  unpack(0, 1);
  const hexagons = slot(HEXAGON_COUNT);
  let records = recordsOf(0);
  setTouchedEnd(touchedOf(0));
  for (let hexagon: u32 = 0; hexagon < hexagons; hexagon++) {
    const record = hexagonAt(hexagon);
    if (load<u32>(record, HEXAGON_ROLE) != ROLE_INPUT) {
      setSlot(FLAG_SPLIT, 0);
      records = forwardOne(hexagon, records, true);
      if (slot(FLAG_SPLIT) != 0) {
        hostSplit(hexagon - 1);
        records = collectAgain(hexagon);
      }
    }
    if (load<u32>(record, HEXAGON_TARGET_COUNT) == 0) continue;
    setSlot(FLAG_SPLIT, 0);
    const isNew = hasNewSources(hexagon);
    if (isNew) hostAllocate(hexagon);
    if (!growsAhead(hexagon)) growOne(hexagon);
    if (slot(FLAG_SPLIT) != 0) hostSplit(hexagon);
    // The host may have moved the arrays that the records point to.
    if (isNew || slot(FLAG_SPLIT) != 0) records = collectAgain(hexagon);
  }
  output(0, 1);
  error(0, 1);
  if (getU(slot(AT_LEARNS), 0) == 0) return;
  setSlot(LEARNT, slot(LEARNT) + 1);
  learnOne();
}

/** Computes the values and records of all hexagons up to `last` again; the values stay the same. */
function collectAgain(last: u32): usize {
  let records = recordsOf(0);
  setTouchedEnd(touchedOf(0));
  for (let hexagon: u32 = 0; hexagon <= last; hexagon++)
    if (load<u32>(hexagonAt(hexagon), HEXAGON_ROLE) != ROLE_INPUT) records = forwardOne(hexagon, records, false);
  return records;
}

/** Grows the sections that a hexagon feeds, then adds the new ones. */
function grow(hexagon: u32): void {
  const blocks = load<u32>(hexagonAt(hexagon), HEXAGON_BLOCK_COUNT);
  setSlot(FLAG_NEW, 0);
  setSlot(FLAG_SPLIT, 0);
  runPhase(GROW, hexagon, blocks);
  if (slot(FLAG_NEW) != 0) {
    setSlot(FIRST_SECTION, header(HEADER_SECTIONS));
    hostAllocate(hexagon);
    runPhase(GROW_NEW, hexagon, blocks);
  }
  if (slot(FLAG_SPLIT) != 0) hostSplit(hexagon);
}

/** Lists the samples that learn; returns their number. */
function gatherLearners(): u32 {
  const samples = slot(SAMPLES);
  let learners: u32 = 0;
  for (let q: u32 = 0; q < samples; q++) if (getU(slot(AT_LEARNS), q) != 0) setU(slot(AT_LEARNERS), learners++, q);
  setSlot(LEARNERS, learners);
  setSlot(LEARNT, slot(LEARNT) + learners);
  return learners;
}

function learn(): void {
  if (slot(IS_BATCH) != 0) setU(slot(AT_HEADER), HEADER_ADAM_STEPS, header(HEADER_ADAM_STEPS) + 1);
  else countOnline(slot(LEARNERS));
  runPhase(BACKWARD, 0, slot(NEURON_BLOCK_COUNT) * 4 + header(HEADER_BLOCKS));
  for (let hexagon = slot(HEXAGON_COUNT); hexagon-- > 0; ) {
    const record = hexagonAt(hexagon);
    const items = sourceItems(record);
    if (items == 0) continue;
    if (load<u32>(record, HEXAGON_ROLE) == ROLE_HIDDEN)
      runPhase(FINISH, hexagon, load<u32>(record, HEXAGON_BLOCK_COUNT) * 4);
    runPhase(SOURCES, hexagon, items);
  }
  runPhase(GRADIENT, 0, slot(NEURON_BLOCK_COUNT) * 4 + header(HEADER_TILES));
  runPhase(UPDATE, 0, biasItems());
  updateOutputBias(0);
}

/** Keeps the last sample's values for connections that run backwards. */
function rememberValues(): void {
  if (slot(HAS_BACK_EDGES) == 0) return;
  const blocks = header(HEADER_BLOCKS);
  for (let block: u32 = 0; block < blocks; block++) {
    const from = slot(AT_VALUE) + (<usize>(block * slot(STRIDE) + slot(SAMPLES) - 1) << 9);
    memory.copy(slot(AT_LAST_VALUE) + (<usize>block << 9), from, 512);
  }
}
