import { expect, onTestFinished, test } from "vitest";
import { Events } from "../../src/events/events.ts";
import { announceHosts } from "../../src/hosts/host-events.ts";
import { smallTemplate } from "../support/compute.ts";
import { KillableHost } from "../support/compute-rig.ts";

test("hosts come, work, rest and go", async () => {
  const events = new Events();
  const host = new KillableHost("some uuid");
  onTestFinished(() => host.close());
  announceHosts([host], events);
  const reader = events.read({ wants: () => true });
  const heard: { kind: string; data: Record<string, unknown> }[] = [];
  const take = () => {
    const text = Buffer.from(reader.take() ?? "").toString();
    for (const [, kind, data] of text.matchAll(/event: (.*)\ndata: (.*)\n/g)) {
      heard.push({ kind: kind as string, data: JSON.parse(data as string) as Record<string, unknown> });
    }
    return heard.map((event) => event.kind);
  };
  await host.status();
  expect(take()).toEqual(["host.joined", "host.load"]);
  expect(heard[0]?.data).toEqual({ timestamp_ms: expect.any(Number), uuid: "some uuid", type: "cpu", name: "test" });
  expect(heard[1]?.data).toMatchObject({ uuid: "some uuid", load: 0, clusters: 0, state: "ready" });
  // The same again is no news, and more often than every two seconds it is not told.
  await host.status();
  await host.create("a cluster", { template: smallTemplate, seed: 1 });
  await host.status();
  expect(take()).toEqual(["host.joined", "host.load"]);
  events.flush("load of some uuid");
  expect(take()).toHaveLength(3);
  expect(heard[2]).toMatchObject({ kind: "host.load", data: { clusters: 1 } });
  await host.kill();
  expect(take().at(-1)).toBe("host.lost");
  await host.status();
  expect(take().slice(-2)).toEqual(["host.joined", "host.load"]);
});
