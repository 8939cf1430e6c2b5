/**
 * The thread pool. A phase is a number of independent items; each free thread takes items, its own ones first. Items
 * write to separate places and sum in a fixed order, so results do not depend on which thread took which item. One
 * thread leads. The others join a phase while it is open. The leader does not wait for a helper that came too late, so
 * a busy machine costs helpers but no time.
 */
import {
  AT_TAKEN,
  DONE,
  FAILED,
  OPEN_PHASE,
  PHASE,
  PHASE_CLOSED,
  PHASE_HEXAGON,
  PHASE_ITEMS,
  PHASE_LEAVE,
  TABLE,
  THREADS,
} from "../slots.ts";
import { run } from "./phases.ts";
import { setSlot, slot } from "./memory.ts";
import { yieldAfter } from "./yield-point.ts";

/** Reads of a word before sleeping, about 40 us: waking up takes longer than most gaps between phases. */
const SPINS: u32 = 40000;
/** Bits of OPEN_PHASE: how many helpers have joined, and the number of the phase. */
const JOINED: u32 = PHASE_LEAVE - 1;
const NUMBER: u32 = ~(PHASE_CLOSED | PHASE_LEAVE | JOINED);

const openPhase: usize = TABLE + (OPEN_PHASE << 2);
const done: usize = TABLE + (DONE << 2);

/** Runs all items of a phase and returns when they are done. Only the leading thread calls this. */
export function runPhase(phase: u32, hexagon: u32, items: u32): void {
  if (slot(THREADS) == 1 || items < 2) {
    for (let item: u32 = 0; item < items; item++) {
      run(phase, hexagon, item, 0);
      yieldAfter(1);
    }
    return;
  }
  // No helper reads these words between phases.
  setSlot(PHASE, phase);
  setSlot(PHASE_HEXAGON, hexagon);
  setSlot(PHASE_ITEMS, items);
  for (let thread: u32 = 0; thread < slot(THREADS); thread++) atomic.store<u32>(takenOf(thread), 0);
  atomic.store<u32>(done, 0);
  atomic.store<u32>(openPhase, (atomic.load<u32>(openPhase) & (NUMBER | PHASE_LEAVE)) + (PHASE_CLOSED << 1));
  atomic.notify(openPhase, -1);
  takeItems(phase, hexagon, items, 0);
  const joined = atomic.or<u32>(openPhase, PHASE_CLOSED) & JOINED;
  for (let spins: u32 = 0; atomic.load<u32>(done) != joined; ) {
    if (++spins < SPINS) continue;
    const seen = atomic.load<u32>(done);
    if (seen != joined) atomic.wait<i32>(done, seen, -1);
  }
  if (slot(FAILED) != 0) unreachable();
}

// @ts-ignore: decorator
@inline
function takenOf(thread: u32): usize {
  return AT_TAKEN + (<usize>thread << 6);
}

/**
 * Thread t starts with the items t, t + threads, ...: what it wrote in one phase is in its cache for the next one, and
 * for the same phase of the next step. Then it takes the items that the other threads have left.
 */
function takeItems(phase: u32, hexagon: u32, items: u32, thread: u32): void {
  const threads = slot(THREADS);
  let owner = thread;
  for (let n: u32 = 0; n < threads; n++) {
    for (;;) {
      const item = atomic.add<u32>(takenOf(owner), 1) * threads + owner;
      if (item >= items) break;
      run(phase, hexagon, item, thread);
      yieldAfter(1);
    }
    owner = owner + 1 == threads ? 0 : owner + 1;
  }
}

/**
 * The phase that this thread joined last. The thread may be dismissed and called back while that phase is still open.
 * It has nothing more to do in it then and must not join again: each join uses up a part of the counter's few bits.
 */
let last: u32 = PHASE_CLOSED;

/** Runs helper `thread` in this memory until it must leave. */
export function help(thread: u32): void {
  for (;;) {
    let word = atomic.load<u32>(openPhase);
    for (let spins: u32 = 0; (word & PHASE_CLOSED) != 0 || (word & NUMBER) == last; ) {
      if ((word & PHASE_LEAVE) != 0) return;
      if (++spins >= SPINS) atomic.wait<i32>(openPhase, word, -1);
      word = atomic.load<u32>(openPhase);
    }
    if ((word & PHASE_LEAVE) != 0) return;
    if (atomic.cmpxchg<u32>(openPhase, word, word + 1) != word) continue;
    last = word & NUMBER;
    takeItems(slot(PHASE), slot(PHASE_HEXAGON), slot(PHASE_ITEMS), thread);
    atomic.add<u32>(done, 1);
    atomic.notify(done, 1);
  }
}
