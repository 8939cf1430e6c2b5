import { expect, test, vi } from "vitest";
import { StreamAnswer } from "../../src/api/stream-answer.ts";

test.each([
  ["the last piece", []],
  ["another piece", [new Uint8Array(1)]],
])("a client that leaves while the server awaits %s is no failure", async (_, later) => {
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => (goOn = resolve));
  let arrive = () => {};
  const isAwaited = new Promise<void>((resolve) => (arrive = resolve));
  let isOver = false;
  async function* pieces() {
    try {
      yield new Uint8Array(1);
      arrive();
      await gate;
      yield* later;
    } finally {
      isOver = true;
    }
  }
  const onFailure = vi.fn<(error: unknown) => void>();
  const reader = new StreamAnswer("text/json", pieces()).toStream(onFailure).getReader();
  expect((await reader.read()).value).toHaveLength(1);
  const next = reader.read();
  await isAwaited;
  const cancelled = reader.cancel();
  goOn();
  await Promise.all([next, cancelled]);
  expect(isOver).toBe(true);
  expect(onFailure).not.toHaveBeenCalled();
});
