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
  return bindings.map((binding) => {
    const indices = ports.flatMap(({ name }, index) => (name === binding.hexagon_name ? [index] : []));
    const [first] = indices;
    if (first === undefined) throw new TaskError(`Cluster has no ${what} with name '${binding.hexagon_name}'`);
    return { binding, indices, kind: ports[first]!.kind };
  });
}
