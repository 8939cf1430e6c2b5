import { expect, test } from "vitest";
import { HostError } from "../../src/hosts/host-errors.ts";
import { HostRoom } from "../../src/hosts/host-room.ts";

const crowded = () => new HostError("crowded", "full");

/** A host with room for some networks. */
function openRoom(size: number, patienceMs?: number) {
  const room = new HostRoom(patienceMs);
  const entered: string[] = [];
  let free = size;
  const enter = (project: string, name: string, bytes = 1) =>
    room.enter(project, async () => {
      if (bytes > free) throw crowded();
      free -= bytes;
      entered.push(name);
    });
  const leave = (bytes = 1) => {
    free += bytes;
    room.changed();
  };
  return { room, entered, enter, leave };
}

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

test("a large network is not passed by smaller ones for ever, and all that fit enter at once", async () => {
  const { enter, entered, leave } = openRoom(4);
  await enter("a", "filler", 4);
  const waiting = [enter("a", "large", 3), enter("b", "small"), enter("c", "other")];
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

test("patience ends with the host's reason, and other failures at once", async () => {
  const { room, enter } = openRoom(0, 20);
  await expect(enter("a", "a")).rejects.toMatchObject({ kind: "crowded", message: "full" });
  const failing = room.enter("a", async () => {
    throw new HostError("room", "never");
  });
  await expect(failing).rejects.toMatchObject({ kind: "room" });
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

test("a network that has just outgrown the host waits for a change first", async () => {
  const { room, leave } = openRoom(0);
  let tries = 0;
  const late = room.enter("a", async () => void tries++, { isLate: true });
  await settled();
  expect(tries).toBe(0);
  leave();
  await late;
  expect(tries).toBe(1);
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
