import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { unauthorized } from "../../src/errors.ts";
import { Events } from "../../src/events/events.ts";
import { EventStream } from "../../src/tasks/event-stream.ts";
import type { PatientClient } from "../../src/tasks/wait-for-task.ts";

beforeEach(() => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
});

/** A stream whose client's token is checked by `check`. */
function openStream(check: () => void, tokenEndMs = Date.now() + 3_600_000) {
  const left = new AbortController();
  let [ends, hangUps] = [0, 0];
  const client: PatientClient = {
    signal: left.signal,
    tokenEndMs,
    lastEventId: undefined,
    checkAgain: async () => {
      check();
      return undefined as never;
    },
    hangUp: () => (hangUps += 1),
    waited: () => {},
  };
  const stream = new EventStream(new Events().read({ wants: () => true }), client, () => (ends += 1));
  const iterator = stream[Symbol.asyncIterator]();
  const next = async () => {
    const { done, value } = await iterator.next();
    return done === true ? "end" : Buffer.from(value as Uint8Array).toString();
  };
  return { stream, next, left, iterator, ends: () => ends, hangUps: () => hangUps };
}

const heartbeat = /^: keep-alive\nid: [0-9a-f]+-[0-9]+\n\n$/;

test("a stream says every ten seconds that it is alive, and outlasts an outage of the database", async () => {
  let checks = 0;
  const { next, iterator, ends } = openStream(() => {
    checks += 1;
    throw Object.assign(new Error("no database"), { code: "ECONNREFUSED" });
  });
  expect(await next()).toMatch(heartbeat);
  for (let n = 1; n <= 3; n++) {
    const beat = next();
    await vi.advanceTimersByTimeAsync(9_999);
    expect(checks).toBe(n - 1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await beat).toMatch(heartbeat);
    expect(checks).toBe(n);
  }
  expect(ends()).toBe(0);
  await iterator.return?.();
  expect([await next(), ends(), vi.getTimerCount()]).toEqual(["end", 1, 0]);
});

test("a stream ends when its token expires, also for a client that reads nothing", async () => {
  const endMs = Date.now() + 4_000;
  const check = () => {
    if (Date.now() >= endMs) throw unauthorized("token expired");
  };
  const [reading, stalled] = [openStream(check, endMs), openStream(check, endMs)];
  await reading.next();
  const last = reading.next();
  await vi.advanceTimersByTimeAsync(3_999);
  expect([reading.ends(), stalled.ends()]).toEqual([0, 0]);
  await vi.advanceTimersByTimeAsync(1);
  expect(await last).toBe("end");
  expect([reading.ends(), stalled.ends()]).toEqual([1, 1]);
  expect([reading.hangUps(), stalled.hangUps()]).toEqual([1, 1]);
});

test("a stream ends when its API key expires during an outage of the database, and does not ask it again and again", async () => {
  let checks = 0;
  const { ends } = openStream(() => {
    checks += 1;
    throw Object.assign(new Error("no database"), { code: "ECONNREFUSED" });
  }, Date.now() + 4_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect([checks, ends(), vi.getTimerCount()]).toEqual([1, 1, 0]);
});

test("a clock that jumps, forwards or back, ends a stream neither late nor early", async () => {
  const endMs = Date.now() + 20_000;
  const check = () => {
    if (Date.now() >= endMs) throw unauthorized("token expired");
  };
  const forwards = openStream(check, endMs);
  vi.setSystemTime(endMs + 1);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(forwards.ends()).toBe(1);
  vi.setSystemTime(endMs - 5_000);
  const back = openStream(check, endMs);
  vi.setSystemTime(endMs - 25_000);
  await vi.advanceTimersByTimeAsync(24_999);
  expect(back.ends()).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(back.ends()).toBe(1);
});

test("a client that is gone ends its stream, even before it has read anything", async () => {
  const { left, ends, next } = openStream(() => {});
  left.abort();
  expect([ends(), await next(), vi.getTimerCount()]).toEqual([1, "end", 0]);
});
