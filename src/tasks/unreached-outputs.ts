import { FORWARD_SIDES, neighbourFinder } from "../network/grid.ts";
import type { Template } from "../network/template/parse-template.ts";

/**
 * Names of those `outputs` to whose hexagons no path leads from one of the `inputs`, so that their answers cannot
 * depend on the data. Whether a path is ever taken is a matter of chance; here every possible one counts.
 */
export function unreachedOutputs(
  template: Template,
  { inputs, outputs }: { inputs: readonly string[]; outputs: readonly string[] },
): string[] {
  const find = neighbourFinder(template.hexagons);
  const axonTarget = new Map(template.axons.map(({ source, target }) => [source, target]));
  const isInput = new Set(template.inputs.map(({ hexagon }) => hexagon));
  const isOutput = new Set(template.outputs.map(({ hexagon }) => hexagon));
  // A longer path may lead on where its connection cannot end, at an input, and where signals end, at an output.
  const goesOn = template.settings.maxConnectionDistance > 1;
  const forward = (hexagon: number) =>
    FORWARD_SIDES.map((side) => find(hexagon, side)).filter((next) => next >= 0 && !isInput.has(next));
  const start = (hexagon: number) => {
    const jump = axonTarget.get(hexagon);
    return jump === undefined ? forward(hexagon) : [jump];
  };

  const [isBound, isAsked] = [new Set(inputs), new Set(outputs)];
  const found = new Set<number>();
  const add = (hexagons: readonly number[]) => {
    for (const hexagon of hexagons) found.add(hexagon);
  };
  for (const { name, hexagon } of template.inputs) if (isBound.has(name)) add(start(hexagon));
  // Yields also what is added meanwhile.
  for (const hexagon of found) {
    if (goesOn) add(forward(hexagon));
    if (!isInput.has(hexagon) && !isOutput.has(hexagon)) add(start(hexagon));
  }
  const missed = template.outputs.filter(({ name, hexagon }) => isAsked.has(name) && !found.has(hexagon));
  return [...new Set(missed.map(({ name }) => name))];
}
