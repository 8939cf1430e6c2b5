import { portsOf } from "../clusters/named-ports.ts";
import { TaskError } from "./task-error.ts";

/**
 * Finds the indices of each binding among the inputs or outputs of a template: one per position. Throws TaskError for
 * an unknown name: a restore may have changed the template since the task was created.
 */
export function resolveBindings<B extends { hexagon_name: string }, Kind>(
  what: "input" | "output",
  ports: readonly { name: string; kind: Kind }[],
  bindings: readonly B[],
): { binding: B; kind: Kind; indices: number[] }[] {
  const byName = new Map(portsOf(ports).map((port) => [port.name, port]));
  return bindings.map((binding) => {
    const port = byName.get(binding.hexagon_name);
    if (port === undefined) throw new TaskError(`Cluster has no ${what} with name '${binding.hexagon_name}'`);
    return { binding, indices: port.indices, kind: port.kind };
  });
}
