import { NONE } from "./constants.ts";
import { StateError } from "./state-error.ts";

/**
 * The next section of the same source, or NONE. Lists run from newer to older sections; throws StateError if a list
 * does not, so that every walk ends.
 */
export function following(next: Uint32Array, section: number): number {
  const after = next[section] ?? section;
  if (after >= section && after !== NONE)
    throw new StateError("a list of sections does not run from newer to older ones");
  return after;
}
