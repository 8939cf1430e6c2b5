import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { HostQueue, type QueuedHost } from "../../src/hosts/host-queue.ts";

/** A queue whose calls end when the test says so; `begun` lists them in the order of their turns. */
function openQueue(host: Partial<QueuedHost> = {}) {
  const queue = new HostQueue({ servesBetween: false, lastTookMs: Infinity, ...host });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const enter = (projectId: string, cluster: string, isShort = false) =>
    queue.run(
      { projectId, clusterUuid: `${projectId}${cluster}` },
      () => {
        begun.push(`${projectId}${cluster}`);
        return new Promise<void>((resolve) => ends.push(resolve));
      },
      { isShort, isUrgent: isShort },
    );
  const end = async () => {
    ends.shift()?.();
    await turn();
  };
  /** Ends the call that began last. */
  const endLast = async () => {
    ends.pop()?.();
    await turn();
  };
  return { queue, begun, enter, end, endLast };
}

// The clock stands still; only the tests advance it.
beforeEach(() => void vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const pass = (ms: number) => vi.advanceTimersByTime(ms);

/** Ends calls that take `msOf` each; then their clusters call again. Returns the time of each cluster. */
async function serve(
  { begun, enter, end }: ReturnType<typeof openQueue>,
  { calls, msOf }: { calls: number; msOf: (name: string) => number },
): Promise<Map<string, number>> {
  const times = new Map<string, number>();
  for (let call = 0; call < calls; call++) {
    const name = begun.at(-1) as string;
    const ms = msOf(name);
    pass(ms);
    times.set(name, (times.get(name) ?? 0) + ms);
    void enter(name.slice(0, 1), name.slice(1));
    await end();
  }
  return times;
}

test("projects take turns, and so do the clusters within each project", async () => {
  const queue = openQueue();
  for (const cluster of ["1", "2", "3"]) void queue.enter("a", cluster);
  void queue.enter("b", "1");
  void queue.enter("c", "1");
  await serve(queue, { calls: 9, msOf: () => 70 });
  expect(queue.begun).toEqual(["a1", "b1", "c1", "a2", "b1", "c1", "a3", "b1", "c1", "a1"]);
});

test("projects share the time, not the calls, and so do the clusters of each", async () => {
  const queue = openQueue();
  for (const cluster of ["1", "2", "3", "4"]) void queue.enter("a", cluster);
  void queue.enter("b", "1");
  void queue.enter("c", "1");
  const times = await serve(queue, { calls: 2000, msOf: (name) => ({ a1: 300, b1: 10 })[name] ?? 70 });
  const share = (name: string) => times.get(name)! / [...times.values()].reduce((sum, ms) => sum + ms);
  for (const name of ["b1", "c1"]) expect(share(name)).toBeCloseTo(1 / 3, 1);
  for (const name of ["a1", "a2", "a3", "a4"]) expect(share(name)).toBeCloseTo(1 / 12, 1);
});

test("an occasional caller waits for one call, however many constant callers there are", async () => {
  const queue = openQueue();
  for (const project of ["a", "b", "c", "d"]) void queue.enter(project, "1");
  await serve(queue, { calls: 6, msOf: () => 70 });
  void queue.enter("a", "new", true);
  void queue.enter("z", "1");
  expect(queue.begun.at(-1)).toBe("c1");
  await queue.end();
  expect(queue.begun.at(-1)).toBe("anew");
  await queue.end();
  // d has used less than the average, at which z begins.
  expect(queue.begun.at(-1)).toBe("d1");
  await queue.end();
  expect(queue.begun.at(-1)).toBe("z1");
});

test("idleness saves up nothing: a newcomer shares the time from now on", async () => {
  const queue = openQueue();
  void queue.enter("a", "1");
  void queue.enter("b", "1");
  await serve(queue, { calls: 100, msOf: () => 70 });
  void queue.enter("z", "1");
  const before = queue.begun.length;
  await serve(queue, { calls: 30, msOf: () => 70 });
  const late = queue.begun.slice(before).filter((name) => name === "z1").length;
  expect(late).toBeGreaterThanOrEqual(9);
  expect(late).toBeLessThanOrEqual(12);
});

test("a flood of short calls takes the share of one cluster, and leaves the others theirs", async () => {
  const queue = openQueue();
  const isShort = (name: string) => name === "aflood";
  for (const cluster of ["1", "2", "3"]) void queue.enter("a", cluster);
  void queue.enter("a", "flood", true);
  const times = new Map<string, number>();
  for (let call = 0; call < 3000; call++) {
    const name = queue.begun.at(-1) as string;
    const ms = isShort(name) ? 2 : 70;
    pass(ms);
    times.set(name, (times.get(name) ?? 0) + ms);
    void queue.enter("a", name.slice(1), isShort(name));
    await queue.end();
  }
  const all = [...times.values()].reduce((sum, ms) => sum + ms);
  for (const name of ["aflood", "a1", "a2", "a3"]) expect(times.get(name)! / all).toBeCloseTo(1 / 4, 1);
});

test("direct IO of a project of sixty-four trainings waits for no more than one slice", async () => {
  const queue = openQueue();
  for (let n = 0; n < 64; n++) void queue.enter("a", `${n}`);
  for (let round = 0; round < 200; round++) {
    const name = queue.begun.at(-1) as string;
    pass(60 + (round % 20));
    void queue.enter("a", "direct", true);
    void queue.enter("a", name.slice(1));
    await queue.end();
    expect(queue.begun.at(-1)).toBe("adirect");
    pass(1);
    await queue.end();
  }
});

test("slices are short for a second after a short call has waited, on a host without yield points", async () => {
  for (const servesBetween of [false, true]) {
    const { queue, enter, end } = openQueue({ servesBetween });
    void enter("a", "1");
    void enter("a", "2");
    pass(50);
    await end();
    expect(queue.isInHurry).toBe(false);
    void enter("a", "direct", true);
    void enter("a", "late", true);
    pass(50);
    await end();
    await end();
    expect(queue.isInHurry).toBe(!servesBetween);
    pass(1001);
    expect(queue.isInHurry).toBe(false);
  }
});

test("a cluster's own calls never run in the middle of each other", async () => {
  const { begun, enter, end } = openQueue({ servesBetween: true });
  void enter("a", "1");
  void enter("a", "1", true);
  pass(1000);
  expect(begun).toEqual(["a1"]);
  await end();
  expect(begun).toEqual(["a1", "a1"]);
});

test("in the middle of a long call a project gets short ones for its share of the time", async () => {
  const { begun, enter, endLast } = openQueue({ servesBetween: true });
  void enter("a", "long");
  void enter("b", "long");
  void enter("c", "1", true);
  let answers = 0;
  for (let now = 0; now < 3000; now += 1) {
    pass(1);
    if (begun.length - 1 === answers) continue;
    // An answer takes 2 ms, and the next question comes at once.
    pass(2);
    now += 2;
    answers += 1;
    void enter("c", "1", true);
    await endLast();
  }
  // A third of three seconds, and the slice that it may be ahead.
  expect(2 * answers).toBeGreaterThan(600);
  expect(2 * answers).toBeLessThan(1200);
  expect(new Set(begun)).toEqual(new Set(["along", "c1"]));
});

test("one call runs at a time, and a failed call does not stop the next", async () => {
  const { queue, begun, enter, end } = openQueue();
  const owner = { projectId: "a", clusterUuid: "a1" };
  const failed = queue.run(owner, () => Promise.reject(new Error("no")));
  const thrown = queue.run(owner, async () => {
    throw new Error("never");
  });
  void enter("a", "1");
  void enter("a", "1");
  await expect(failed).rejects.toThrow("no");
  await expect(thrown).rejects.toThrow("never");
  await turn();
  expect(begun).toEqual(["a1"]);
  await end();
  expect(begun).toEqual(["a1", "a1"]);
});

/** b has just made a call; then a call of a took three seconds. */
async function openAfterLongCall() {
  const queue = openQueue();
  void queue.enter("b", "1");
  await queue.end();
  void queue.enter("a", "1");
  pass(3000);
  await queue.end();
  return queue;
}

test("after a call of seconds, its project waits for as long while another project keeps calling", async () => {
  const { begun, enter, end } = await openAfterLongCall();
  // From now on b calls 50 ms after every answer, and a constantly.
  void enter("b", "1");
  void enter("a", "2");
  let answers = 0;
  while (begun.at(-1) !== "a2") {
    pass(1);
    await end();
    answers += 1;
    pass(50);
    if (begun.at(-1) !== "a2") void enter("b", "1");
  }
  expect(answers).toBe(Math.ceil(3000 / 51));
});

test("a project does not wait when no other project calls any more", async () => {
  const { begun, enter, end } = await openAfterLongCall();
  void enter("a", "2");
  expect(begun.at(-1)).toBe("a2");
  pass(3000);
  void enter("b", "1");
  await end();
  await end();
  void enter("a", "3");
  expect(begun.at(-1)).toBe("b1");
  pass(99);
  expect(begun.at(-1)).toBe("b1");
  pass(1);
  expect(begun.at(-1)).toBe("a3");
});

test("a project does not wait after calls of ordinary length", async () => {
  const { begun, enter, end } = openQueue();
  for (let round = 0; round < 3; round++) {
    void enter("b", "1");
    await end();
    void enter("a", String(round));
    expect(begun.at(-1)).toBe(`a${round}`);
    pass(200);
    await end();
  }
});

/** A long call of a is running; meanwhile b, c and a itself make calls. */
function openInLongCall() {
  const queue = openQueue({ servesBetween: true });
  void queue.enter("a", "long");
  for (const project of ["b", "c"]) {
    void queue.enter(project, "long");
    void queue.enter(project, "1", true);
    void queue.enter(project, "2", true);
  }
  void queue.enter("a", "short", true);
  return queue;
}

test("in the middle of a long call every project gets a short one, then the long call continues", async () => {
  const { begun, endLast } = openInLongCall();
  pass(3);
  expect(begun).toEqual(["along"]);
  pass(1);
  expect(begun).toEqual(["along", "b1"]);
  pass(20);
  await endLast();
  expect(begun).toEqual(["along", "b1", "c1"]);
  pass(20);
  await endLast();
  // Also of its own project, another cluster.
  expect(begun).toEqual(["along", "b1", "c1", "ashort"]);
  pass(20);
  await endLast();
  // It continues for as long as the others took together.
  pass(59);
  expect(begun).toEqual(["along", "b1", "c1", "ashort"]);
  pass(1);
  expect(begun).toEqual(["along", "b1", "c1", "ashort", "b2"]);
});

test("a call that starts in the middle of a long one may end after it, and no other starts before", async () => {
  const { begun, end } = openInLongCall();
  pass(4);
  expect(begun).toEqual(["along", "b1"]);
  await end();
  expect(begun).toEqual(["along", "b1"]);
  await end();
  expect(begun).toEqual(["along", "b1", "b2"]);
});

test("a call in the middle of a long one is served after its quantum, and a call that ends early yields to all", async () => {
  const { begun, enter, end, endLast } = openQueue({ servesBetween: true });
  void enter("a", "long");
  pass(50);
  void enter("b", "1", true);
  expect(begun).toEqual(["along", "b1"]);
  await endLast();
  void enter("b", "2", true);
  pass(3);
  expect(begun).toEqual(["along", "b1"]);
  await end();
  expect(begun).toEqual(["along", "b1", "b2"]);
});

test("a host that does not serve in between runs one call at a time", async () => {
  const { begun, enter, end } = openQueue();
  void enter("a", "long");
  void enter("b", "1", true);
  pass(1000);
  expect(begun).toEqual(["along"]);
  await end();
  expect(begun).toEqual(["along", "b1"]);
});
