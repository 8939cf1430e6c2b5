/**
 * Threads: a phase is a number of independent items that whoever is free takes. Items write to places of their own and
 * sum in a fixed order, so results do not depend on who took what. One thread leads; the others wait for phases.
 */
import { GENERATION, NEXT_ITEM, PENDING, PHASE, PHASE_HEXAGON, PHASE_ITEMS, TABLE, THREADS } from "../slots.ts";
import { run } from "./phases.ts";
import { setSlot, slot } from "./memory.ts";

/** Looks at a word so often before sleeping: a phase of a small batch is shorter than a sleep. */
const SPINS: u32 = 4000;

const generation: usize = TABLE + (GENERATION << 2);
const nextItem: usize = TABLE + (NEXT_ITEM << 2);
const pending: usize = TABLE + (PENDING << 2);

/** Runs all items of a phase and returns when they are done. Only the leading thread calls this. */
export function runPhase(phase: u32, hexagon: u32, items: u32): void {
  const helpers = slot(THREADS) - 1;
  if (helpers == 0 || items < 2) {
    for (let item: u32 = 0; item < items; item++) run(phase, hexagon, item, 0);
    return;
  }
  setSlot(PHASE, phase);
  setSlot(PHASE_HEXAGON, hexagon);
  setSlot(PHASE_ITEMS, items);
  atomic.store<u32>(nextItem, 0);
  atomic.store<u32>(pending, helpers);
  atomic.add<u32>(generation, 1);
  atomic.notify(generation, -1);
  takeItems(phase, hexagon, items, 0);
  for (let spins: u32 = 0; atomic.load<u32>(pending) != 0;) {
    if (++spins < SPINS) continue;
    const left = atomic.load<u32>(pending);
    if (left != 0) atomic.wait<i32>(pending, left, -1);
  }
}

function takeItems(phase: u32, hexagon: u32, items: u32, thread: u32): void {
  for (;;) {
    const item = atomic.add<u32>(nextItem, 1);
    if (item >= items) return;
    run(phase, hexagon, item, thread);
  }
}

/** What helping thread `thread` does, for ever; `seen` is the generation that it starts after. */
export function help(thread: u32, seen: u32): void {
  let last = seen;
  for (;;) {
    let spins: u32 = 0;
    while (atomic.load<u32>(generation) == last) {
      if (++spins >= SPINS) atomic.wait<i32>(generation, last, -1);
    }
    last = atomic.load<u32>(generation);
    takeItems(slot(PHASE), slot(PHASE_HEXAGON), slot(PHASE_ITEMS), thread);
    if (atomic.sub<u32>(pending, 1) == 1) atomic.notify(pending, 1);
  }
}
