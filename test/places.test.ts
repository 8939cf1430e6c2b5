import { expect, test } from "vitest";
import { Places } from "../src/places.ts";

test("so many jobs at a time, the others in their order; one that fails leaves its place, too", async () => {
  const places = new Places(2);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const runs = [0, 1, 2, 3].map((job) =>
    places.run(async () => {
      started.push(job);
      await new Promise<void>((end) => (ends[job] = end));
      if (job === 1) throw new Error("failed");
      return job;
    }),
  );
  const settled = Promise.allSettled(runs);
  expect(started).toEqual([0, 1]);
  ends[1]?.();
  await expect(runs[1]).rejects.toThrow("failed");
  expect(started).toEqual([0, 1, 2]);
  ends[0]?.();
  await runs[0];
  expect(started).toEqual([0, 1, 2, 3]);
  for (const end of ends) end();
  expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
  expect(await places.run(async () => "free again")).toBe("free again");
});
