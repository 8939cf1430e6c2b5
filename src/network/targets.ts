import { FORWARD_SIDES, neighbourFinder, type Position } from "./grid.ts";
import { DRAW, itemOf, pcg } from "./random.ts";
import type { Template } from "./template/parse-template.ts";

/** Random walks per hexagon, and so the maximum length of its target list. */
export const TARGET_COUNT = 86;

/**
 * For each hexagon, the target hexagons of its new sections, drawn by random walks: nearer ones occur more often. The
 * list is empty if no walk leads anywhere, and for hexagons with an output, where signals end. Input hexagons are never
 * targets, because they hold values instead of neurons.
 */
export function targetLists(template: Template, seed: number): number[][] {
  const listOf = targetWalks(template, seed);
  return template.hexagons.map((_, hexagon) => listOf(hexagon));
}

/** Like `targetLists`, for one hexagon per call. */
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

/** The hexagons that a walk may step to, by side; -1 where it may not. Looked up once per visited hexagon. */
function forwardSides(hexagons: readonly Position[], isInput: ReadonlySet<number>): Forward {
  const find = neighbourFinder(hexagons);
  const known: (readonly number[] | undefined)[] = [];
  const lookUp = (hexagon: number) =>
    FORWARD_SIDES.map((side) => find(hexagon, side)).map((next) => (isInput.has(next) ? -1 : next));
  return (hexagon) => (known[hexagon] ??= lookUp(hexagon));
}

/**
 * Takes a random walk, drawn from `item`, of at most `distance` steps and returns the hexagon where it ends. An axon's
 * jump counts as the first step. At every hexagon but the origin, the walk stops with probability 1/2. Returns the
 * origin if no step is possible.
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
