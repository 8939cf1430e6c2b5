import { expect, test } from "vitest";
import { LoadMeter } from "../../src/hosts/load-meter.ts";

function work(pattern: { busyMs: number; idleMs: number }, times: number) {
  let now = 0;
  const meter = new LoadMeter(() => now);
  for (let index = 0; index < times; index++) {
    now += pattern.idleMs;
    now += pattern.busyMs;
    meter.worked(pattern.busyMs);
  }
  return { meter, pass: (ms: number) => (now += ms) };
}

test("the load is the share of time spent working", () => {
  expect(work({ busyMs: 100, idleMs: 0 }, 1000).meter.read()).toBeCloseTo(1, 3);
  expect(work({ busyMs: 10, idleMs: 90 }, 1000).meter.read()).toBeCloseTo(0.1, 1);
  expect(work({ busyMs: 0, idleMs: 100 }, 10).meter.read()).toBe(0);
});

test("it decays while idle", () => {
  const { meter, pass } = work({ busyMs: 100, idleMs: 0 }, 1000);
  pass(60_000);
  expect(meter.read()).toBeLessThan(0.001);
  pass(60_000);
  expect(meter.read()).toBe(0);
});
