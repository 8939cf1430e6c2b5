import { TaskError } from "./task-error.ts";

/**
 * Finds the index of each binding among the inputs or outputs of a template. Throws TaskError for an unknown name: a
 * restore may have changed the template since the task was created.
 */
export function resolveBindings<B extends { hexagon_name: string }>(
  what: "input" | "output",
  ports: readonly { name: string }[],
  bindings: readonly B[],
): (B & { index: number })[] {
  const indexOf = new Map(ports.map(({ name }, index) => [name, index]));
  return bindings.map((binding) => {
    const index = indexOf.get(binding.hexagon_name);
    if (index === undefined) throw new TaskError(`Cluster has no ${what} with name '${binding.hexagon_name}'`);
    return { ...binding, index };
  });
}
