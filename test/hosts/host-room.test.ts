import { expect, test } from "vitest";
import { HostError } from "../../src/hosts/host-errors.ts";
import { HostRoom } from "../../src/hosts/host-room.ts";

const crowded = () => new HostError("crowded", "full");

const never = new AbortController().signal;

/** A host with room for some networks. */
function openRoom(size: number, options: ConstructorParameters<typeof HostRoom>[0] = {}) {
  const room = new HostRoom(options);
  const entered: string[] = [];
  let free = size;
  let tries = 0;
  const enter = (
    projectId: string,
    name: string,
    { bytes = 1, signal = never, after }: { bytes?: number; signal?: AbortSignal; after?: number } = {},
  ) =>
    room.enter(
      { projectId, clusterUuid: name, bytes, signal },
      async () => {
        tries += 1;
        if (bytes > free) throw crowded();
        free -= bytes;
        entered.push(name);
      },
      after === undefined ? {} : { after },
    );
  const leave = (bytes = 1) => {
    free += bytes;
    room.changed();
  };
  return { room, entered, enter, leave, tries: () => tries };
}

const abortable = () => {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
};

/** Lets promises settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

test("who waits gets room in turn, by project", async () => {
  const { enter, entered, leave } = openRoom(1);
  await enter("a", "a0");
  const waiting = [enter("a", "a1"), enter("a", "a2"), enter("a", "a3"), enter("b", "b1")];
  for (let n = 0; n < 4; n++) {
    await settled();
    leave();
  }
  await Promise.all(waiting);
  expect(entered).toEqual(["a0", "a1", "b1", "a2", "a3"]);
});

test("a large network that has waited for long is passed by none, and all that fit enter at once", async () => {
  const { enter, entered, leave } = openRoom(4, { passingMs: 0 });
  await enter("a", "filler", { bytes: 4 });
  const waiting = [enter("a", "large", { bytes: 3 }), enter("b", "small"), enter("c", "other")];
  await settled();
  leave();
  await settled();
  leave();
  await settled();
  expect(entered).toEqual(["filler"]);
  leave();
  await settled();
  expect(entered).toEqual(["filler", "large"]);
  leave(2);
  await Promise.all(waiting);
  expect(entered).toEqual(["filler", "large", "small", "other"]);
});

test("until then much smaller ones pass it, also newcomers, but no project twice at once", async () => {
  const { enter, entered, leave, tries } = openRoom(4, { passingMs: 60_000 });
  await enter("a", "filler", { bytes: 4 });
  const waiting = [enter("b", "large", { bytes: 4 }), enter("c", "big", { bytes: 3 }), enter("d", "small")];
  await settled();
  const before = tries();
  leave(2);
  await settled();
  expect(entered).toEqual(["filler", "small"]);
  // The one that is nearly as large has not tried.
  expect(tries()).toBe(before + 2);
  const [again, newcomer] = [enter("d", "again"), enter("e", "newcomer")];
  await newcomer;
  expect(entered).toEqual(["filler", "small", "newcomer"]);
  leave(4);
  await waiting[0];
  leave(4);
  await Promise.all([...waiting, again]);
  expect(entered).toEqual(["filler", "small", "newcomer", "large", "big", "again"]);
});

test("patience ends with the host's reason, and other failures at once", async () => {
  const { room, enter } = openRoom(0, { patienceMs: 20 });
  await expect(enter("a", "a")).rejects.toMatchObject({ kind: "crowded", message: "full" });
  const failing = room.enter({ projectId: "a", clusterUuid: "b", bytes: 1, signal: never }, async () => {
    throw new HostError("room", "never");
  });
  await expect(failing).rejects.toMatchObject({ kind: "room" });
});

test("a signal ends the wait at once, and a network that comes later tries only once", async () => {
  const { enter, entered, leave } = openRoom(1);
  await enter("a", "a");
  const { signal, abort } = abortable();
  const [ended, other] = [enter("a", "b", { signal }), enter("a", "c")];
  await settled();
  abort();
  await expect(ended).rejects.toMatchObject({ kind: "crowded", message: "full" });
  await expect(enter("a", "d", { signal })).rejects.toMatchObject({ kind: "crowded" });
  leave();
  await other;
  expect(entered).toEqual(["a", "c"]);
});

test("while somebody waits, others are asked for room", async () => {
  const { room, enter, entered, leave } = openRoom(0);
  let asked = 0;
  room.onShortage(() => {
    if (++asked === 2) leave();
  });
  await enter("a", "a");
  expect([entered, asked]).toEqual([["a"], 2]);
});

test("a network that has just outgrown the host waits for a change first, and then keeps others out", async () => {
  const { room, enter, entered, leave } = openRoom(0, { patienceMs: 20 });
  const late = enter("a", "late", { after: room.changes });
  await settled();
  leave(3);
  await late;
  const kept = enter("b", "kept");
  await expect(kept).rejects.toMatchObject({ kind: "crowded" });
  room.release("another");
  const next = enter("b", "next");
  await settled();
  expect(entered).toEqual(["late"]);
  room.release("late");
  await next;
  await enter("b", "free");
  expect(entered).toEqual(["late", "next", "free"]);
});

test("it keeps others out until it has grown, although it leaves again, but not for ever", async () => {
  const { room, enter, entered, leave } = openRoom(0, { holdMs: 50 });
  const late = enter("a", "late", { after: room.changes });
  await settled();
  leave();
  await late;
  const other = enter("b", "other");
  const { changes } = room;
  leave();
  const again = enter("a", "late", { after: changes + 1 });
  await settled();
  expect(entered).toEqual(["late"]);
  leave();
  await again;
  expect(entered).toEqual(["late", "late"]);
  await other;
  expect(entered).toEqual(["late", "late", "other"]);
});

test("a network that has outgrown the host tries at once when others have left meanwhile", async () => {
  const { room, enter, entered, leave } = openRoom(1);
  const { changes } = room;
  leave();
  await enter("a", "late", { after: changes });
  expect(entered).toEqual(["late"]);
});

test("nobody waits any more after it is closed", async () => {
  const { room, enter } = openRoom(0);
  const waiting = enter("a", "a");
  waiting.catch(() => undefined);
  await settled();
  room.close();
  await expect(waiting).rejects.toMatchObject({ kind: "crowded" });
  await expect(enter("a", "b")).rejects.toMatchObject({ kind: "crowded" });
});
