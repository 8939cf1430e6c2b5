import { FORWARD_SIDES, neighbourTable } from "./grid.ts";
import { DRAW, draw } from "./random.ts";
import type { Template } from "./template/parse-template.ts";

/** Entries of a hexagon's target list. */
export const TARGET_COUNT = 86;

/**
 * For each hexagon the hexagons that its new sections may aim at, drawn by random walks: nearer ones occur more often.
 * Empty where a walk leads nowhere, and for hexagons that carry an output, where signals end.
 * Input hexagons are never targets: they hold values, not neurons.
 */
export function targetLists(template: Template, seed: number): number[][] {
  const neighbours = neighbourTable(template.hexagons);
  const isInput = new Set(template.inputs.map((input) => input.hexagon));
  const isOutput = new Set(template.outputs.map((output) => output.hexagon));
  const forward = neighbours.map((sides) =>
    FORWARD_SIDES.map((side) => sides[side] ?? -1).map((hexagon) => (isInput.has(hexagon) ? -1 : hexagon)),
  );
  const axonTarget = new Map(template.axons.map(({ source, target }) => [source, target]));
  return template.hexagons.map((_, hexagon) => {
    if (isOutput.has(hexagon)) return [];
    const start = axonTarget.get(hexagon) ?? hexagon;
    const list: number[] = [];
    for (let entry = 0; entry < TARGET_COUNT; entry++) {
      let step = 0;
      const target = walk(forward, hexagon, start, template.settings.maxConnectionDistance, () =>
        draw(seed, DRAW.targetList + hexagon, entry, step++),
      );
      if (target !== hexagon && !isInput.has(target)) list.push(target);
    }
    return list;
  });
}

/**
 * One walk of at most `distance` steps; an axon's jump counts as the first. From every hexagon but the origin it stops
 * with probability 1/2. Returns the origin when there is no way to go.
 */
function walk(forward: number[][], origin: number, start: number, distance: number, random: () => number): number {
  let current = start;
  let left = start === origin ? distance : distance - 1;
  for (;;) {
    if (current !== origin && (left <= 0 || random() % 2 === 0)) return current;
    const sides = forward[current] ?? [];
    const first = random() % sides.length;
    const next = sides.map((_, i) => sides[(first + i) % sides.length] ?? -1).find((hexagon) => hexagon >= 0);
    if (next === undefined) return current;
    current = next;
    left -= 1;
  }
}
