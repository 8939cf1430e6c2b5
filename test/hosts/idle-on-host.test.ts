/** A CPU host drops idle networks, and only those, when it needs room. */
import { expect, onTestFinished, test } from "vitest";
import { NetworkStore } from "../../src/hosts/cpu/network-store.ts";
import { WasmEngine } from "../../src/kernels/wasm/wasm-engine.ts";
import { Network } from "../../src/network/network.ts";
import { parseTemplate } from "../../src/network/template/parse-template.ts";
import { atYieldPoints } from "../../src/network/yield-point.ts";
import { smallTemplate } from "../support/compute.ts";
import { HORIZON, sliceOf } from "./slices.ts";

const trained = (() => {
  const network = Network.create(parseTemplate(smallTemplate), 1, new WasmEngine());
  network.train(sliceOf(0, HORIZON));
  return network;
})();
const state = trained.export();
/** Of one network that rests. */
const bytes = (() => {
  const engine = new WasmEngine();
  return Network.adopt(state, engine).bytesTaken;
})();

function openStore(networks: number) {
  // To copy a network takes a little more than to have it.
  return new NetworkStore(new WasmEngine({ memoryBytes: Math.ceil((networks + 0.3) * bytes) }));
}

const kind = (call: () => unknown) => {
  try {
    call();
  } catch (error) {
    return (error as { kind?: string }).kind;
  }
  return "none";
};

test("the network that was used longest ago leaves first; those in use stay", () => {
  const store = openStore(3);
  for (const cluster of ["a", "b", "c"]) store.attach(cluster, state);
  expect(kind(() => store.attach("d", state))).toBe("crowded");
  for (const cluster of ["a", "b", "c"]) store.markIdle(cluster);
  expect(store.status()).toMatchObject({ clusters: 3, memoryBytesFree: store.status().memoryBytesTotal });
  const { inputs } = sliceOf(0, 1);
  store.request("a", { cycles: 1, timeLength: 1, inputs });
  store.attach("d", state);
  expect([store.takeLeft(), store.takeLeft()]).toEqual([["b"], []]);
  expect([store.markBusy("c"), store.markBusy("b")]).toEqual([true, false]);
  store.attach("e", state);
  expect(store.takeLeft()).toEqual(["a"]);
  expect(kind(() => store.attach("f", state))).toBe("crowded");
  expect(Buffer.from(store.exportState("c")).equals(state)).toBe(true);
});

test("what does not fit at all drops nobody", () => {
  const store = openStore(0.4);
  store.create("small", { template: smallTemplate, seed: 1 });
  store.markIdle("small");
  expect(kind(() => store.attach("large", state))).toBe("room");
  expect([store.takeLeft(), store.status().clusters]).toEqual([[], 1]);
});

test("growth that finds no room waits for networks in use only", () => {
  const grown = (isIdle: boolean) => {
    const store = openStore(0.6);
    for (const cluster of ["other", "growing"]) store.create(cluster, { template: smallTemplate, seed: 1 });
    if (isIdle) store.markIdle("other");
    return kind(() => store.train("growing", sliceOf(0, HORIZON)));
  };
  expect([grown(true), grown(false)]).toEqual(["room", "crowded"]);
});

test("idle networks make room for growth in the middle of a slice, and the result is the same", () => {
  const store = openStore(3.2);
  for (const cluster of ["a", "b"]) {
    store.attach(cluster, state);
    store.markIdle(cluster);
  }
  store.create("growing", { template: smallTemplate, seed: 1 });
  store.create("other", { template: smallTemplate, seed: 1 });
  store.train("other", sliceOf(0, HORIZON));
  store.train("growing", sliceOf(0, HORIZON));
  expect(store.takeLeft().length).toBeGreaterThan(0);
  for (const cluster of ["growing", "other"]) expect(Buffer.from(store.exportState(cluster)).equals(state)).toBe(true);
});

test("a network whose answer or bytes are under way stays, and training ends its idleness", () => {
  const store = openStore(2);
  store.attach("a", state);
  store.attach("b", state);
  store.markIdle("a");
  const seen: (string | undefined)[] = [];
  onTestFinished(() => atYieldPoints(() => {}));
  let isInside = false;
  atYieldPoints(() => {
    if (isInside) return;
    isInside = true;
    seen.push(kind(() => store.attach("c", state)));
    isInside = false;
  });
  const { inputs } = sliceOf(0, 64);
  store.request("a", { cycles: 64, timeLength: 1, inputs });
  store.exportState("a");
  atYieldPoints(() => {});
  expect(new Set(seen)).toEqual(new Set(["crowded"]));
  store.train("a", sliceOf(0, 16));
  expect(kind(() => store.attach("c", state))).toBe("crowded");
  store.markIdle("a");
  expect(kind(() => store.attach("c", state))).toBe("none");
});
