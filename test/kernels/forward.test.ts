import { describe, expect, test } from "vitest";
import { forward } from "../../src/kernels/reference/forward.ts";
import { tileOfRun } from "../../src/network/section-kind.ts";
import { append } from "../../src/network/state.ts";
import { HIDDEN, hexagon, scratchWith, sectionOfInput, setSection, smallModel, valuesOf } from "./small.ts";

/** A network in which only one section of the input has weights; returns the block that it ends in. */
function oneSection(ends: number[], weight: number, settings = "") {
  const model = smallModel({ settings });
  const section = sectionOfInput(model);
  setSection(model, section, ends, weight);
  const block = model.state.arrays.target[section]!;
  const run = (values: number[]) => {
    const scratch = scratchWith(model, values.length, values);
    forward(model, scratch, hexagon(model, HIDDEN));
    return values.map((_, sample) => valuesOf(scratch, block, sample));
  };
  return { model, section, block, run };
}

describe("tileOfRun", () => {
  test("no two runs of a section share a tile, and all placements occur", () => {
    const placements = new Set<string>();
    for (let seed = 0; seed < 4096; seed++) {
      const tiles = [0, 1, 2, 3].map((run) => tileOfRun(seed, run));
      expect(new Set(tiles)).toEqual(new Set([0, 1, 2, 3]));
      placements.add(tiles.join());
    }
    expect(placements.size).toBe(8);
  });
});

describe("forward", () => {
  test("a section adds weight times activation to the tiles of its ramps", () => {
    const { model, section, run } = oneSection([2, 4, 8, 16], 3);
    const [values] = run([3]);
    const seed = model.state.arrays.seed[section]!;
    // Ramp 0 is full: input 3, value log2(4). Ramp 1 is half full: input 1.5. The others are not reached.
    const expected = [2, Math.fround(Math.log2(2.5)), 0, 0];
    for (let r = 0; r < 4; r++) {
      const tile = values!.slice(tileOfRun(seed, r) * 32, tileOfRun(seed, r) * 32 + 32);
      expect(tile).toEqual(Array.from({ length: 32 }, () => expected[r]));
    }
  });

  test("silent sources leave the bias, negative inputs give 0", () => {
    const { model, block, run } = oneSection([1], -5);
    model.state.arrays.bias[block * 128 + 7] = 3;
    const [silent, active] = run([0, 1]);
    expect(silent!.map((value, n) => [value, n]).filter(([value]) => value !== 0)).toEqual([[2, 7]]);
    expect(active!.filter((value) => value !== 0).length).toBeLessThanOrEqual(1);
  });

  test.each([0, 1, 2, 33])("%i samples do not influence each other", (samples) => {
    const { run } = oneSection([1, 4, 9], 0.5);
    const values = Array.from({ length: samples }, (_, q) => (q * 5) % 11);
    expect(run(values)).toEqual(values.flatMap((value) => run([value])));
  });

  test("sections of one block add up", () => {
    const { model, section, block, run } = oneSection([1], 1);
    const single = run([1])[0]!;
    const other = append(model.state, "section", 1);
    const { arrays } = model.state;
    for (const name of ["source", "target", "seed", "range"] as const) arrays[name][other] = arrays[name][section]!;
    setSection(model, other, [2], 4);
    arrays.places[block * 512 + 1] = other;
    arrays.blockSections[block] = 2;
    // 1 * 1 + 4 * 0.5 = 3, wherever the first section alone gave 1.
    expect(run([1])[0]).toEqual(single.map((value) => (value === 1 ? 2 : 0)));
  });
});

describe("spiking", () => {
  /** Values of the touched neurons over some cycles, as remembered potential. */
  const potentials = (settings: string, inputs: number[]) => {
    const { run, block, model, section } = oneSection([1, 2], 3, settings);
    const n = tileOfRun(model.state.arrays.seed[section]!, 0) * 32;
    const values = run(inputs).map((each) => 2 ** each[n]! - 1);
    return { values, left: model.state.arrays.potential[block * 128 + n] };
  };
  const rounded = (values: number[]) => values.map((value) => Math.round(value * 1000) / 1000);

  test("the remaining potential is divided by the cooldown", () => {
    const { values, left } = potentials("neuron_cooldown: 2", [1, 0, 0, 1]);
    expect(rounded(values)).toEqual([3, 1.5, 0.75, 3.375]);
    expect(left).toBe(3.375);
  });

  test.each([
    [1, [3, 3, 3, 3, 3, 3]],
    [2, [3, 0, 3, 0, 3, 0]],
    [3, [3, 0, 0, 3, 0, 0]],
  ])("input is accepted every %i cycles", (time, expected) => {
    expect(rounded(potentials(`refractory_time: ${time}`, [1, 1, 1, 1, 1, 1]).values)).toEqual(expected);
  });

  test("while input is refused the potential continues to decay", () => {
    const { values } = potentials("neuron_cooldown: 2 refractory_time: 3", [1, 1, 1, 1]);
    expect(rounded(values)).toEqual([3, 1.5, 0.75, 3.375]);
  });

  test("a potential is never negative", () => {
    const { run, model, section, block } = oneSection([1], -3, "neuron_cooldown: 2");
    run([1]);
    const n = tileOfRun(model.state.arrays.seed[section]!, 0) * 32;
    expect(model.state.arrays.potential[block * 128 + n]).toBe(0);
  });

  test("the default settings remember nothing", () => {
    const { values, left } = potentials("", [1, 0]);
    expect(values).toEqual([3, 0]);
    expect(left).toBe(0);
  });
});
