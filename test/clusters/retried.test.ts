import { expect, test } from "vitest";
import { asRefusal } from "../../src/clusters/on-network.ts";
import { retried } from "../../src/clusters/retried.ts";
import { EncoderError } from "../../src/encoders/encoder-error.ts";
import { HostError, HostLostError } from "../../src/hosts/host-errors.ts";

/** Work that fails with these errors, one after another, on a network that may lose changes with each. */
function failing(errors: Error[], { loses = false } = {}) {
  const network = {
    losses: 0,
    ready: () => {
      if (loses) network.losses += 1;
      return Promise.resolve(undefined as never);
    },
  };
  return retried(network, () => {
    const error = errors.shift();
    return error === undefined ? Promise.resolve("done") : Promise.reject(error);
  });
}

const waiting = () => new HostLostError("it ended", { wasUnderWay: false });
const crowded = () => new HostError("crowded", "no room");

test("work that had not started, or found no room, is tried again", async () => {
  expect(await failing([])).toBe("done");
  expect(await failing([waiting()])).toBe("done");
  expect(await failing([crowded(), crowded()])).toBe("done");
  await expect(failing([waiting(), waiting()])).rejects.toThrow("it ended");
  await expect(failing([new HostLostError("it ended", { wasUnderWay: true })])).rejects.toThrow("it ended");
  await expect(failing([new HostError("room", "no room")])).rejects.toThrow("no room");
});

test("work is not tried again on a network that has lost changes", async () => {
  await expect(failing([waiting()], { loses: true })).rejects.toThrow("it ended");
  await expect(failing([crowded()], { loses: true })).rejects.toThrow("no room");
});

test("a client is told which failures its rows or its network caused", () => {
  expect(asRefusal(new EncoderError("of another kind"))).toMatchObject({ kind: "bad_request" });
  expect(asRefusal(new HostError("input", "too wide"))).toMatchObject({
    kind: "bad_request",
    message: "The rows do not fit the network: too wide",
  });
  expect(asRefusal(new HostError("state", "damaged"))).toMatchObject({ kind: "conflict", message: "damaged" });
  expect(asRefusal(crowded())).toMatchObject({ kind: "conflict", message: "no room" });
  const bug = new HostError("internal", "bug");
  expect(asRefusal(bug)).toBe(bug);
});
