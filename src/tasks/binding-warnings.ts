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
