import { subjectOf } from "./invariant-checks.ts";
import { INVARIANTS } from "./invariants.ts";
import { StateError } from "./state-error.ts";
import type { State } from "./state.ts";
import type { Template } from "./template/parse-template.ts";

/**
 * Checks that an untrusted state fits its template and satisfies all `INVARIANTS`. Throws StateError. The sizes of the
 * arrays must already be right. Linear in the size of the state.
 */
export function validateState(template: Template, state: State): void {
  const subject = subjectOf(template, state);
  for (const { broken, holds } of INVARIANTS) if (!holds(subject)) throw new StateError(broken);
}
