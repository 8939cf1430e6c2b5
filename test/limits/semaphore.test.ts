import { expect, test } from "vitest";
import { Semaphore, type SemaphoreLimits } from "../../src/limits/semaphore.ts";
import { readerLimits } from "../../src/uploads/readers.ts";

/** Jobs named `group user number` that run until they are ended. */
function rig(limits: Partial<SemaphoreLimits>) {
  const places = new Semaphore({ total: 4, group: 4, user: 4, long: 4, ...limits });
  const started: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const add = (name: string, options?: { isLong: boolean }) => {
    const [group = "", user = ""] = name.split(" ");
    const job = async () => {
      started.push(name);
      await new Promise<void>((resolve, reject) => {
        ends.set(name, (error) => (error === undefined ? resolve() : reject(error)));
      });
      return name;
    };
    return places.run({ group, user }, job, options);
  };
  // A job starts and ends within a few promise steps; nothing else is under way.
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const end = async (name: string, error?: Error) => {
    ends.get(name)?.(error);
    await settle();
  };
  return { add, end, settle, started };
}

test("jobs run up to the limit, those of one user in order; a failed one frees its place, too", async () => {
  const { add, end, settle, started } = rig({ total: 2 });
  const runs = ["p u 0", "p u 1", "p u 2", "p u 3"].map((name) => add(name));
  const settled = Promise.allSettled(runs);
  await settle();
  expect(started).toEqual(["p u 0", "p u 1"]);
  await end("p u 1", new Error("failed"));
  await expect(runs[1]).rejects.toThrow("failed");
  expect(started.slice(2)).toEqual(["p u 2"]);
  await end("p u 0");
  await end("p u 2");
  await end("p u 3");
  expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
});

test("turns rotate by group and by user, however many jobs wait", async () => {
  const { add, end, settle, started } = rig({ total: 1 });
  const names = ["p u 0", "p u 1", "p u 2", "p v 0", "p v 1", "q w 0", "q w 1", "r u 0", "r u 1", "s x 0"];
  const all = Promise.all(names.map((name) => add(name)));
  await settle();
  for (let count = 0; count < names.length; count++) await end(started[count] as string);
  await all;
  // `u` gets its turn as one user in either of two groups; `p` gets its turn as one group with two users.
  const order = ["p u 0", "q w 0", "s x 0", "p v 0", "r u 0", "q w 1", "p v 1", "r u 1", "p u 1", "p u 2"];
  expect(started).toEqual(order);
});

test("no group, user of many groups or set of long jobs takes all places", async () => {
  const { add, settle, started } = rig({ group: 3, user: 2, long: 3 });
  for (const name of ["p u 0", "p u 1", "p u 2", "r u 3", "p v 0", "p v 1"]) void add(name, { isLong: true });
  await settle();
  expect(started).toEqual(["p u 0", "p u 1", "p v 0"]);
  void add("q w 0", { isLong: true });
  await settle();
  await settle();
  expect(started).toHaveLength(3);
  void add("q w 1");
  await settle();
  expect(started.at(-1)).toBe("q w 1");
});

test.each([
  [1, 0.5],
  [2, 1],
  [2, 24],
  [4, 4],
  [64, 256],
])("readers on %s cores with %s GiB leave a place for others", (cores, gib) => {
  const limits = readerLimits(cores, gib * 2 ** 30);
  expect(limits.user).toBeGreaterThanOrEqual(1);
  expect(limits.group).toBeGreaterThan(limits.user);
  expect(limits.total).toBeGreaterThan(limits.group);
  expect(limits.long).toBe(limits.total - 1);
  expect(limits.total).toBeLessThanOrEqual(10);
});
