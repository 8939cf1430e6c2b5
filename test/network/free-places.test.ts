import { expect, test } from "vitest";
import { FreePlaces } from "../../src/network/free-places.ts";
import { SECTIONS_PER_BLOCK } from "../../src/network/constants.ts";
import { createRandom } from "../support/random.ts";

test("the block with a free place is the one that a scan of all blocks finds", () => {
  const random = createRandom(3);
  const places = new FreePlaces();
  const used: number[] = [];
  const add = (sections: number) => {
    places.addBlock(sections);
    used.push(sections);
  };
  // As after a restart: some are full, some nearly.
  for (let block = 0; block < 12; block++) add(SECTIONS_PER_BLOCK - random.int(0, 2));
  for (let section = 0; section < 3000; section++) {
    const sections = used.reduce((sum, each) => sum + each, 0);
    expect(places.sections).toBe(sections);
    expect(places.free).toBe(used.length * SECTIONS_PER_BLOCK - sections);
    if (places.free < 100) add(0);
    const start = random.int(0, used.length - 1);
    let found = start;
    while (used[found] === SECTIONS_PER_BLOCK) found = (found + 1) % used.length;
    expect(places.firstFree(start)).toBe(found);
    used[found]! += 1;
    places.take(found, used[found]!);
  }
});
