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
    members.charge(guest, 1, false);
    members.leave(guest);
    members.charge(stays, 2, false);
  }
  expect(members.size).toBeLessThan(1000);
  expect(members.of("stays")).toBe(stays);
  const debtor = members.of("debtor");
  members.join(debtor);
  members.charge(debtor, 1e6, false);
  members.leave(debtor);
  for (let n = 0; n < 1000; n++) members.of(`other ${n}`);
  expect(members.of("debtor").used).toBeGreaterThan(1e6);
});

test("the level is what the present members have used on average, and newcomers begin there", () => {
  const members = new Members(() => new Member());
  const [a, b, c] = [members.of("a"), members.of("b"), members.of("c")];
  members.join(a);
  members.join(b);
  members.charge(a, 100, false);
  expect(members.level).toBe(50);
  members.join(c);
  expect(c.used).toBe(50);
  expect([a, b, c].map((each) => members.isWithin(each))).toEqual([false, true, true]);
  // What c used while it was away counts, what it did not use does not.
  members.charge(c, 10, false);
  members.leave(c);
  members.charge(b, 20, false);
  members.join(c);
  expect(c.used).toBe(60);
  members.leave(c);
  members.charge(b, 1000, false);
  members.join(c);
  expect(c.used).toBe(560 - 140);
});

test("what a long call took is not made up for in full: its member waits about as long, others have no claim", () => {
  const members = new Members(() => new Member());
  const [long, other, waits] = [members.of("long"), members.of("other"), members.of("waits")];
  for (const each of [long, other, waits]) members.join(each);
  members.charge(long, 3000, false);
  members.charge(other, 900, false);
  members.ended(long, 3000, 140);
  expect([long.used, other.used, waits.used]).toEqual([1300 + 1000, 1300 - 70, 1300 - 70]);
});

test("members that come, lead and leave do not take the time of one that waits", () => {
  const members = new Members(() => new Member());
  members.join(members.of("waits"));
  let leaders = 0;
  for (; leaders < 300; leaders++) {
    const brief = members.of(`brief ${leaders}`);
    members.join(brief);
    if (members.isLeadOver) break;
    members.charge(brief, 4, true);
    members.leave(brief);
  }
  expect(4 * leaders).toBe(2 * 70);
  members.endLead();
  expect(members.isLeadOver).toBe(false);
});
