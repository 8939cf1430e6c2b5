import { expect, test } from "vitest";
import { Member } from "../../src/hosts/fair-share.ts";
import { Members } from "../../src/hosts/members.ts";

test("members that are gone are dropped, unless they are in debt or present", () => {
  const members = new Members(() => new Member());
  const stays = members.of("stays");
  members.join(stays);
  for (let n = 0; n < 10_000; n++) {
    const guest = members.of(`guest ${n}`);
    members.join(guest);
    members.charge(guest, 1);
    members.leave(guest);
    members.charge(stays, 2);
  }
  expect(members.size).toBeLessThan(1000);
  expect(members.of("stays")).toBe(stays);
  const debtor = members.of("debtor");
  members.join(debtor);
  members.charge(debtor, 1e6);
  members.leave(debtor);
  for (let n = 0; n < 1000; n++) members.of(`other ${n}`);
  expect(members.of("debtor").used).toBeGreaterThan(1e6);
});

test("the level is what the present members have used on average, and newcomers begin there", () => {
  const members = new Members(() => new Member());
  const [a, b, c] = [members.of("a"), members.of("b"), members.of("c")];
  members.join(a);
  members.join(b);
  members.charge(a, 100);
  expect(members.level).toBe(50);
  members.join(c);
  expect(c.used).toBe(50);
  expect([a, b, c].map((each) => members.isWithin(each))).toEqual([false, true, true]);
  // What c used while it was away counts, what it did not use does not.
  members.charge(c, 10);
  members.leave(c);
  members.charge(b, 20);
  members.join(c);
  expect(c.used).toBe(60);
  members.leave(c);
  members.charge(b, 1000);
  members.join(c);
  expect(c.used).toBe(560 - 70);
});

test("a member deep in debt does not count for the others until it runs, and nobody waits for it as long", () => {
  const members = new Members(() => new Member());
  const [long, other, waits] = [members.of("long"), members.of("other"), members.of("waits")];
  for (const each of [long, other, waits]) members.join(each);
  members.charge(long, 3000);
  members.charge(other, 900);
  members.forgiveAll(3000);
  // What they could not use is not made up for all at once.
  expect(waits.used).toBe(1300 - 70);
  members.stay(long);
  expect(long.counted).toBeUndefined();
  const { level } = members;
  members.start(long);
  expect(members.level).toBeCloseTo(level);
  members.charge(long, 30);
  expect(members.level).toBeCloseTo(level + 10);
});
