import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import type { NewEvent } from "../../src/events/event.ts";
import type { EventReader } from "../../src/events/event-reader.ts";
import { Events } from "../../src/events/events.ts";
import { EVENT_KINDS, RESET_KIND } from "../../src/events/kinds.ts";
import { paths } from "../../src/files/paths.ts";

const about = (uuid: string): NewEvent => ({ kind: "host.joined", data: { uuid }, owner: null });

/** What a reader takes now: the uuids of its events, or `reset`. */
function taken(reader: EventReader): string[] {
  const names: string[] = [];
  for (let piece = reader.take(); piece !== undefined; piece = reader.take()) {
    for (const frame of Buffer.from(piece).toString().trim().split("\n\n")) {
      const { uuid } = JSON.parse(frame.split("\ndata: ")[1] as string) as { uuid?: string };
      names.push(frame.includes("stream.reset") ? "reset" : (uuid as string));
    }
  }
  return names;
}

const everything = { wants: () => true };

test("each reader gets what it wants, once and in order, and goes on where another one ended", () => {
  const events = new Events();
  const all = events.read(everything);
  const some = events.read({ wants: ({ cluster }) => cluster === "c" });
  events.publish(about("a"));
  events.publish({ ...about("b"), cluster: "c" });
  expect(taken(all)).toEqual(["a", "b"]);
  expect(taken(some)).toEqual(["b"]);
  const { id } = all;
  events.publish(about("d"));
  all.close();
  expect(taken(events.read(everything, id))).toEqual(["d"]);
  expect(taken(events.read(everything))).toEqual([]);
  expect(taken(all)).toEqual(["d"]);
});

test("a reader that is too slow, or comes from elsewhere, gets a reset and then goes on with the newest", () => {
  const events = new Events({ events: 3, bytes: 10_000 });
  const slow = events.read(everything);
  const start = slow.id;
  for (const uuid of ["a", "b", "c"]) events.publish(about(uuid));
  expect(taken(events.read(everything, start))).toEqual(["a", "b", "c"]);
  events.publish(about("d"));
  for (const id of [start, "", "x", "0-1", new Events().read(everything).id, `${start.split("-")[0]}-99`]) {
    expect(taken(events.read(everything, id))).toEqual(["reset"]);
  }
  expect(taken(slow)).toEqual(["reset"]);
  events.publish(about("e"));
  expect(taken(slow)).toEqual(["e"]);
  // Bytes are bounded, too, but for the newest event.
  const big = "x".repeat(20_000);
  events.publish(about(big));
  expect(taken(slow)).toEqual([big]);
  events.publish(about("f"));
  expect(taken(events.read(everything, start))).toEqual(["reset"]);
});

test("a flood of one project takes nothing from the clients of others", () => {
  const events = new Events({ events: 10, bytes: 10_000 });
  const ofProject = (project: string, uuid: string): NewEvent => {
    const owner = { project_id: project, owner_id: "somebody", owner_uuid: null };
    return { kind: "cluster.created", data: { uuid }, owner };
  };
  const reader = (project: string | undefined, after?: string) => {
    const wants = ({ owner }: Pick<NewEvent, "owner">) => !project || !owner || owner.project_id === project;
    return events.read({ wants, project }, after);
  };
  const { id } = events.read(everything);
  events.publish(ofProject("calm", "a"));
  events.publish(about("host"));
  for (let n = 0; n < 50; n++) events.publish(ofProject("busy", `${n}`));
  events.publish(ofProject("calm", "b"));
  for (let n = 0; n < 50; n++) events.publish(ofProject("busy", "x".repeat(900)));
  expect(taken(reader("calm", id))).toEqual(["a", "host", "b"]);
  expect(taken(reader("new", id))).toEqual(["host"]);
  expect(taken(reader("busy", id))).toEqual(["reset"]);
  expect(taken(reader(undefined, id))).toEqual(["reset"]);
  // A client that has got all is up to date, whatever was dropped before.
  const late = reader("busy");
  events.publish(ofProject("busy", "last"));
  expect(taken(reader("busy", late.id))).toEqual(["last"]);
});

test("a reader that waits is woken by what it wants, and never falls behind by what it does not", async () => {
  const events = new Events({ events: 4, bytes: 10_000 });
  const reader = events.read({ wants: ({ cluster }) => cluster === "mine" });
  let isAwake = false;
  const awake = reader.wait().then(() => (isAwake = true));
  for (let n = 0; n < 20; n++) {
    events.publish(about("other"));
    if (n % 3 === 2) await setImmediate();
  }
  await setImmediate();
  expect(isAwake).toBe(false);
  events.publish({ ...about("own"), cluster: "mine" });
  await awake;
  expect(taken(reader)).toEqual(["own"]);
  const lost = reader.wait();
  events.lose();
  await lost;
  expect(taken(reader)).toEqual(["reset"]);
});

test("nothing is kept for nobody: neither before the first listener, nor long after the last one", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const events = new Events();
  let written = 0;
  const data = {
    get load() {
      return ++written;
    },
  };
  const load: NewEvent = { kind: "host.load", data, owner: null };
  events.publish(load);
  expect(written).toBe(0);
  const reader = events.read(everything);
  const { id } = reader;
  reader.close();
  vi.advanceTimersByTime(100_000);
  events.publish(about("a"));
  const again = events.read(everything, id);
  expect(taken(again)).toEqual(["a"]);
  again.close();
  vi.advanceTimersByTime(121_000);
  events.publish(load);
  expect(written).toBe(0);
  const late = events.read(everything, again.id);
  expect(taken(late)).toEqual(["reset"]);
  late.close();
  vi.advanceTimersByTime(121_000);
  events.publishPaced("key", 500, () => about("b"));
  expect(taken(events.read(everything, late.id))).toEqual(["reset"]);
});

test("of a row that is handed in as the owner, only the owner is kept", () => {
  const events = new Events();
  const seen: object[] = [];
  const reader = events.read({ wants: (event) => seen.push(event) > 0 });
  const owner = { project_id: "p", owner_id: "o", owner_uuid: null };
  const row = { ...owner, template: "long" };
  events.publish({ ...about("a"), owner: row });
  expect(taken(reader)).toEqual(["a"]);
  expect(seen[0]).toMatchObject({ owner: { ...owner } });
  expect(Object.keys((seen[0] as NewEvent).owner!)).toEqual(Object.keys(owner));
});

test("a client that comes back after all were gone for long learns that something may be missing", () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const events = new Events();
  const reader = events.read(everything);
  reader.close();
  vi.advanceTimersByTime(121_000);
  // A point of a curve, of which nothing else tells.
  events.publishPaced("key", 500, () => about("point"));
  expect(taken(events.read(everything, reader.id))).toEqual(["reset"]);
});

test("a series is told at most once in its interval, its newest event at the end, or when it is flushed", () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const events = new Events();
  const reader = events.read(everything);
  const tell = (uuid: string) => events.publishPaced("key", 500, () => about(uuid));
  for (const uuid of ["a", "b", "c"]) tell(uuid);
  events.publishPaced("other", 500, () => about("x"));
  expect(taken(reader)).toEqual(["a", "x"]);
  vi.advanceTimersByTime(499);
  expect(taken(reader)).toEqual([]);
  vi.advanceTimersByTime(1);
  tell("d");
  expect(taken(reader)).toEqual(["c"]);
  events.flush("key");
  events.flush("key");
  expect(taken(reader)).toEqual(["d"]);
  vi.advanceTimersByTime(5000);
  expect(taken(reader)).toEqual([]);
  expect(vi.getTimerCount()).toBe(0);
});

test("the documents have a row for each kind", () => {
  const page = readFileSync(join(paths.root, "docs/api-extensions.md"), "utf8");
  const rows = [...page.matchAll(/^\| ((?:`[a-z]+\.[a-z]+`(?:, )?)+) \|/gm)].flatMap(([, kinds]) => kinds!.split(", "));
  expect(rows.sort()).toEqual([...EVENT_KINDS, RESET_KIND].map((kind) => `\`${kind}\``).sort());
});
