/** Shares of a host's time under constant load: the queue beside a host whose clock only the test advances. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Caller, simulate } from "./simulated-host.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const training = (project: string, cluster = "training"): Caller => ({ project, cluster, ms: 70, thinkMs: 1 });
const directIO = (project: string, cluster = "direct"): Caller => ({
  project,
  cluster,
  ms: 2,
  thinkMs: 0.5,
  isShort: true,
});
const names = (count: number) => Array.from({ length: count }, (_, index) => `p${index}`);

describe.each([false, true])("on a host that serves in between: %s", (servesBetween) => {
  test.each([1, 3, 10])("direct IO of %i projects leaves a training of another one its share", async (count) => {
    const durationMs = 12_000;
    const callers = [training("t"), ...names(count).map((name) => directIO(name))];
    const [trained] = await simulate(callers, { durationMs, servesBetween });
    expect(trained!.ms).toBeGreaterThan((0.8 * durationMs) / (count + 1));
    expect(trained!.longestWait).toBeLessThan(70 * 3 * (count + 1));
  });

  test("the same within a project, by cluster", async () => {
    const durationMs = 12_000;
    const callers = [training("t"), ...names(10).map((name) => directIO("t", name))];
    const [trained] = await simulate(callers, { durationMs, servesBetween });
    expect(trained!.ms).toBeGreaterThan((0.8 * durationMs) / 11);
  });

  test.each([2, 10])(
    "after a long call, direct IO waits as long again, beside trainings of %i projects",
    async (count) => {
      const ofLong = { ...directIO("p"), ms: 3000, laterMs: 1, thinkMs: 20, fromMs: 500 };
      const callers = [ofLong, ...names(count).map((name) => training(name))];
      const [served] = await simulate(callers, { durationMs: 40_000, servesBetween });
      expect(served!.longestWait).toBeLessThan(4500);
    },
  );

  test("a short call that took unexpectedly long costs less than a second beside 64 trainings", async () => {
    const stalled = { ...directIO("p"), ms: 70, laterMs: 1, thinkMs: 25, fromMs: 6000 };
    const callers = [stalled, ...names(64).map((name) => training("p", name))];
    const [served] = await simulate(callers, { durationMs: 12_000, servesBetween });
    expect(served!.longestWait).toBeLessThan(1000);
  });

  test("a stream of new clusters takes no more than its share from the training of its project", async () => {
    const durationMs = 6000;
    const fresh = Array.from({ length: 2000 }, (_, index) => ({
      ...directIO("t", `new${index}`),
      fromMs: 5 * index,
      ms: 4,
      thinkMs: Infinity,
    }));
    const [trained] = await simulate([training("t"), ...fresh], { durationMs, servesBetween });
    expect(trained!.ms).toBeGreaterThan(0.15 * durationMs);
  });

  test("one training gets as much time as eight of another project", async () => {
    const callers = [training("one"), ...names(8).map((name) => training("many", name))];
    const [one] = await simulate(callers, { durationMs: 10_000, servesBetween });
    expect(one!.ms).toBeGreaterThan(4500);
    expect(one!.ms).toBeLessThan(5500);
  });

  test.each([16, 64])(
    "direct IO within its share waits for a slice beside %i trainings of its project",
    async (count) => {
      const asking = { ...directIO("p"), ms: 1, thinkMs: 100 };
      const callers = [asking, ...names(count).map((name) => training("p", name))];
      const [asked] = await simulate(callers, { durationMs: 10_000, servesBetween });
      expect(asked!.longestWait).toBeLessThan(servesBetween ? 10 : 72);
    },
  );
});
