import { expect, test } from "vitest";
import { Heap } from "../../src/hosts/heap.ts";

test("items come out in order, whatever the order in which they came", () => {
  const heap = new Heap<number>((a, b) => a < b);
  expect(heap.first).toBeUndefined();
  expect(heap.shift()).toBeUndefined();
  const kept: number[] = [];
  for (let n = 0; n < 2000; n++) {
    const item = (n * 7919) % 1009;
    heap.push(item);
    kept.push(item);
    if (n % 3 > 0) continue;
    kept.sort((a, b) => a - b);
    expect(heap.first).toBe(kept[0]);
    expect(heap.shift()).toBe(kept.shift());
  }
  kept.sort((a, b) => a - b);
  expect(kept.map(() => heap.shift())).toEqual(kept);
  expect(heap.first).toBeUndefined();
});
