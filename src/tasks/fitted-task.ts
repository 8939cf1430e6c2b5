import type { TaskPlan } from "../db/schema/index.ts";
import type { Template } from "../network/template/parse-template.ts";

/** A training to whose rows encoders are fitted. */
export interface FittedTask {
  plan: Pick<Extract<TaskPlan, { kind: "train" }>, "inputs" | "outputs" | "rows">;
  template: Template;
  /** Inputs that have learnt nothing yet. */
  untaught: ReadonlySet<string>;
  /** The rows that the task learns from; all when omitted. */
  chosen: Uint32Array | undefined;
}
