import { setImmediate as turn } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
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
      { isShort },
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

afterEach(() => void vi.useRealTimers());

test("projects take turns, and so do the clusters within each project", async () => {
  const { begun, enter, end } = openQueue();
  for (const cluster of ["1", "2", "3"]) void enter("a", cluster);
  void enter("b", "1");
  void enter("c", "1");
  for (let call = 0; call < 9; call++) {
    // A served cluster queues again.
    const last = begun.at(-1) as string;
    void enter(last.slice(0, 1), last.slice(1));
    await end();
  }
  expect(begun).toEqual(["a1", "b1", "c1", "a2", "b1", "c1", "a3", "b1", "c1", "a1"]);
});

test("an occasional caller waits for one call, however many constant callers there are", async () => {
  const { begun, enter, end } = openQueue();
  for (const project of ["a", "b", "c", "d"]) void enter(project, "1");
  for (let call = 0; call < 6; call++) {
    void enter((begun.at(-1) as string).slice(0, 1), "1");
    await end();
  }
  void enter("a", "new");
  void enter("z", "1");
  expect(begun.at(-1)).toBe("c1");
  await end();
  expect(begun.at(-1)).toBe("z1");
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

/** Stops the clock; only the test advances it. */
function stopClock() {
  vi.useFakeTimers({ toFake: ["performance", "setTimeout", "clearTimeout"] });
  return (ms: number) => vi.advanceTimersByTime(ms);
}

/** b has just made a call; then a call of a took three seconds. */
async function openAfterLongCall() {
  const pass = stopClock();
  const queue = openQueue();
  void queue.enter("b", "1");
  await queue.end();
  void queue.enter("a", "1");
  pass(3000);
  await queue.end();
  return { ...queue, pass };
}

test("after a call of seconds, its project waits for as long while another project keeps calling", async () => {
  const { begun, enter, end, pass } = await openAfterLongCall();
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
  const { begun, enter, end, pass } = await openAfterLongCall();
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
  const pass = stopClock();
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
  const pass = stopClock();
  const queue = openQueue({ servesBetween: true });
  void queue.enter("a", "long");
  for (const project of ["b", "c"]) {
    void queue.enter(project, "long");
    void queue.enter(project, "1", true);
    void queue.enter(project, "2", true);
  }
  void queue.enter("a", "short", true);
  return { ...queue, pass };
}

test("in the middle of a long call every other project gets a short one, then the long call continues", async () => {
  const { begun, endLast, pass } = openInLongCall();
  pass(3);
  expect(begun).toEqual(["along"]);
  pass(1);
  expect(begun).toEqual(["along", "b1"]);
  pass(20);
  await endLast();
  expect(begun).toEqual(["along", "b1", "c1"]);
  pass(20);
  await endLast();
  // It continues for as long as the others took together.
  pass(39);
  expect(begun).toEqual(["along", "b1", "c1"]);
  pass(1);
  expect(begun).toEqual(["along", "b1", "c1", "b2"]);
});

test("a call that starts in the middle of a long one may end after it, and no other starts before", async () => {
  const { begun, end, pass } = openInLongCall();
  pass(4);
  expect(begun).toEqual(["along", "b1"]);
  await end();
  expect(begun).toEqual(["along", "b1"]);
  await end();
  expect(begun).toEqual(["along", "b1", "clong"]);
});

test("a call in the middle of a long one is served after its quantum, and a call that ends early yields to all", async () => {
  const pass = stopClock();
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
  const pass = stopClock();
  const { begun, enter, end } = openQueue();
  void enter("a", "long");
  void enter("b", "1", true);
  pass(1000);
  expect(begun).toEqual(["along"]);
  await end();
  expect(begun).toEqual(["along", "b1"]);
});
