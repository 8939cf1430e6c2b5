import type { Template } from "../network/template/parse-template.ts";
import type { BoundColumns } from "./measure-bindings.ts";
import { unreachedOutputs } from "./unreached-outputs.ts";

/** Names of datasets may be longer than a sentence. */
const NAME_LENGTH_MAX = 60;

/** What a task will do that its owner may not expect: a sentence for each dataset and output. */
export function bindingWarnings(
  template: Template,
  names: { inputs: readonly { hexagon_name: string }[]; outputs: readonly { hexagon_name: string }[] },
  columns: readonly BoundColumns[],
): string[] {
  const namesOf = (bindings: readonly { hexagon_name: string }[]) => bindings.map(({ hexagon_name }) => hexagon_name);
  const unreached = unreachedOutputs(template, { inputs: namesOf(names.inputs), outputs: namesOf(names.outputs) });
  return [
    ...leftOutRows(columns),
    ...unreached.map(
      (name) =>
        `No path of hexagons leads from an input of this task to the output '${name}': ` +
        "its answers do not depend on the data.",
    ),
  ];
}

/** Rows beyond those of the shortest dataset. */
function leftOutRows(columns: readonly BoundColumns[]): string[] {
  const shortest = columns.reduce((least, each) => (each.rows < least.rows ? each : least));
  const longer = columns.filter(({ rows }) => rows > shortest.rows);
  const sentences = longer.map(
    ({ dataset, rows }) =>
      `Only the first ${shortest.rows} of the ${rows} rows of ${nameOf(dataset)} are used, ` +
      `because ${nameOf(shortest.dataset)} has no more.`,
  );
  return [...new Set(sentences)];
}

function nameOf({ uuid, name }: BoundColumns["dataset"]): string {
  const letters = Array.from(name);
  const short = letters.length > NAME_LENGTH_MAX ? `${letters.slice(0, NAME_LENGTH_MAX).join("")}…` : name;
  return `dataset '${short}' (${uuid})`;
}

/** An input or output with the number of its values in a sample. */
export interface PortWidth {
  name: string;
  width: number;
}

/**
 * What a request does with inputs of another width than the network has learnt: a sentence for each. `learnt` has the
 * widths that the network knows; those of inputs that have learnt nothing are 0.
 */
export function widthWarnings(learnt: readonly PortWidth[], given: readonly PortWidth[]): string[] {
  const known = new Map(learnt.map(({ name, width }) => [name, width]));
  return given.flatMap(({ name, width }) => {
    const learntWidth = known.get(name) ?? 0;
    if (learntWidth === 0 || width === learntWidth) return [];
    const what = `Input '${name}' has learnt ${learntWidth} values per sample, but is given ${width}`;
    return [
      width > learntWidth
        ? `${what}: those after the first ${learntWidth} are ignored.`
        : `${what}: the others count as 0.`,
    ];
  });
}
