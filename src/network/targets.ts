import { FORWARD_SIDES, neighbourFinder, type Position } from "./grid.ts";
import { DRAW, itemOf, pcg } from "./random.ts";
import type { Template } from "./template/parse-template.ts";

/** Entries of a hexagon's target list. */
export const TARGET_COUNT = 86;

/**
 * For each hexagon the hexagons that its new sections may aim at, drawn by random walks: nearer ones occur more often.
 * Empty where a walk leads nowhere, and for hexagons that carry an output, where signals end.
 * Input hexagons are never targets: they hold values, not neurons.
 */
export function targetLists(template: Template, seed: number): number[][] {
  const listOf = targetWalks(template, seed);
  return template.hexagons.map((_, hexagon) => listOf(hexagon));
}

/** The same for one hexagon at a time. */
export function targetWalks(template: Template, seed: number): (hexagon: number) => number[] {
  const isInput = new Set(template.inputs.map((input) => input.hexagon));
  const isOutput = new Set(template.outputs.map((output) => output.hexagon));
  const axonTarget = new Map(template.axons.map(({ source, target }) => [source, target]));
  const forward = forwardSides(template.hexagons, isInput);
  const distance = template.settings.maxConnectionDistance;
  return (hexagon) => {
    if (isOutput.has(hexagon)) return [];
    const start = axonTarget.get(hexagon) ?? hexagon;
    const list: number[] = [];
    for (let entry = 0; entry < TARGET_COUNT; entry++) {
      const item = itemOf(seed, DRAW.targetList + hexagon, entry);
      const target = walk(forward, { origin: hexagon, start, distance, item });
      if (target !== hexagon && !isInput.has(target)) list.push(target);
    }
    return list;
  };
}

type Forward = (hexagon: number) => readonly number[];

/** Where a walk may step from a hexagon, -1 where it may not. Looked up once for each hexagon that a walk comes to. */
function forwardSides(hexagons: readonly Position[], isInput: ReadonlySet<number>): Forward {
  const find = neighbourFinder(hexagons);
  const known: (readonly number[] | undefined)[] = [];
  const lookUp = (hexagon: number) =>
    FORWARD_SIDES.map((side) => find(hexagon, side)).map((next) => (isInput.has(next) ? -1 : next));
  return (hexagon) => (known[hexagon] ??= lookUp(hexagon));
}

/**
 * One walk of at most `distance` steps, drawn from `item`; an axon's jump counts as the first. From every hexagon but the origin it stops
 * with probability 1/2. Returns the origin when there is no way to go.
 */
function walk(
  forward: Forward,
  { origin, start, distance, item }: { origin: number; start: number; distance: number; item: number },
): number {
  let current = start;
  let left = start === origin ? distance : distance - 1;
  for (let step = 0; ; left--) {
    if (current !== origin && (left <= 0 || pcg(item + step++) % 2 === 0)) return current;
    const sides = forward(current);
    const first = pcg(item + step++) % sides.length;
    let next = -1;
    for (let i = 0; next < 0 && i < sides.length; i++) next = sides[(first + i) % sides.length]!;
    if (next < 0) return current;
    current = next;
  }
}
