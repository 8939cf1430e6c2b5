import { expect, test } from "vitest";
import { KnownCallers } from "../../src/accounts/known-callers.ts";
import { revoke } from "../../src/accounts/revoke.ts";
import type { App } from "../../src/app-context.ts";
import { conflict } from "../../src/errors.ts";

const app = { knownCallers: new KnownCallers() } as App;
const lost = Object.assign(new Error("the connection broke"), { code: "CONNECTION_CLOSED" });

test.each([
  ["was made", async () => "made", 1],
  ["was refused", () => Promise.reject(conflict("the project holds something")), 0],
  ["may have been made", () => Promise.reject(new Error("failed query", { cause: lost })), 1],
])("connections end when the change %s", async (_outcome, change, times) => {
  let ended = 0;
  await revoke(app, change(), () => (ended += 1)).catch(() => {});
  expect(ended).toBe(times);
});
