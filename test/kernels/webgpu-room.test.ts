import { expect, test } from "vitest";
import { roomToGrow, withinState, type Room } from "../../src/kernels/webgpu/room.ts";
import { bytesPer, STATE_BYTES_MAX } from "../../src/network/state.ts";

const shape = { hexagons: 3, runs: 1 };
const sorts = ["section", "block", "tile", "row"] as const;
const bytesOf = (room: Room, other: number) => sorts.reduce((sum, per) => sum + room[per] * bytesPer(per), other);

test("a network that fills its room on a device can still be exported", () => {
  for (const [section, block, row] of [
    [700_000, 7_000, 10_000],
    [10_000, 100, 1_200_000],
  ] as const) {
    const counts = { section, block, tile: 900, row, output: 1_000 };
    const other = 70_000;
    const wanted = roomToGrow(counts, shape);
    expect(bytesOf(wanted, other)).toBeGreaterThan(STATE_BYTES_MAX);
    const room = withinState(counts, wanted, other);
    expect(bytesOf(room, other)).toBeLessThanOrEqual(STATE_BYTES_MAX);
    expect(bytesOf(room, other)).toBeGreaterThan(0.99 * STATE_BYTES_MAX);
    for (const per of sorts) expect(room[per]).toBeGreaterThanOrEqual(counts[per]);
  }
});

test("room that fits is unchanged, and so is room that the device limits below the network", () => {
  const counts = { section: 1_000, block: 30, tile: 10, row: 100, output: 10 };
  const wanted = roomToGrow(counts, shape);
  expect(withinState(counts, wanted, 0)).toEqual(wanted);
  const short = { ...wanted, section: 10, row: 3_000_000 };
  expect(withinState(counts, short, 0).section).toBe(10);
});
