import { expect, test } from "vitest";
import { Arena, PAGES_MAX, roomOf } from "../../src/kernels/wasm/arena.ts";
import { ARENA } from "../../src/kernels/wasm/slots.ts";
import { Memory } from "../../src/kernels/wasm/web-assembly.ts";
import { createRandom } from "../support/random.ts";

const newArena = () => {
  const memory = new Memory({ initial: 2, maximum: PAGES_MAX, shared: true });
  return new Arena(memory, (at, bytes) => new Uint8Array(memory.buffer, at, bytes).fill(0));
};

test("regions are zeroed, keep their contents, and never overlap; freed ones are reused", () => {
  const random = createRandom(11);
  const arena = newArena();
  const held: { region: Uint8Array; mark: number }[] = [];
  for (let turn = 0; turn < 2000; turn++) {
    if (held.length > 0 && random.next() < 0.48) {
      const [{ region, mark }] = held.splice(random.int(0, held.length - 1), 1) as [(typeof held)[number]];
      expect(region.every((byte) => byte === mark)).toBe(true);
      arena.release(region);
      continue;
    }
    const region = arena.allocate(random.int(0, 4000));
    expect(region.every((byte) => byte === 0)).toBe(true);
    const mark = random.int(1, 255);
    region.fill(mark);
    held.push({ region, mark });
  }
  for (const { region } of held) arena.release(region);
  // All of it is one region again.
  const { bytes } = arena;
  const whole = arena.allocate(bytes - ARENA - 128 * 1024);
  expect([whole.byteOffset, arena.bytes]).toEqual([ARENA, bytes]);
});

test("an array that grows and its neighbours reuse the space that it left", () => {
  const arena = newArena();
  let [a, b] = [arena.allocate(1_000_000), arena.allocate(1_000_000)];
  const [c, d] = [arena.allocate(2_000_000), arena.allocate(2_000_000)];
  arena.release(a);
  arena.release(b);
  [a, b] = [c, d];
  const { bytes } = arena;
  const left = arena.allocate(2 * roomOf(1_000_000) - 200_000);
  expect(left.byteOffset).toBeLessThan(a.byteOffset);
  expect(arena.bytes).toBe(bytes);
});

test("nothing remains after `clear`", () => {
  const arena = newArena();
  const regions = [arena.allocate(5000), arena.allocate(300_000)];
  for (const region of regions) region.fill(7);
  for (const region of regions) arena.release(region);
  arena.allocate(100).fill(7);
  arena.clear();
  expect(new Uint8Array(arena.memory.buffer, ARENA).every((byte) => byte === 0)).toBe(true);
});
