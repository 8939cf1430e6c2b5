import type { TaskBinding, ValidationRows } from "../db/schema/index.ts";
import { badRequest } from "../errors.ts";
import type { Template } from "../network/template/parse-template.ts";
import { cyclesOf, type bindingMeasure, type BoundColumns } from "./measure-bindings.ts";
import { checkPorts, plannedBinding, readTaskBindings } from "./read-bindings.ts";
import { heldOutOf } from "./row-choice.ts";

/** The scores of an output may be tens of kilobytes, and are kept in memory while a task runs. */
export const SCORED_OUTPUTS_MAX = 32;

interface ValidatedTask {
  validation?: Record<string, unknown> | undefined;
  patience?: number | undefined;
  keep?: "best" | "last" | undefined;
  time_length: number;
  outputs: readonly unknown[];
}

/** Reads on which rows a training is measured; undefined for none. Throws 400 for the first error. */
export async function readValidation(
  { validation, patience, keep, time_length: timeLength, outputs }: ValidatedTask,
  { template, measure, rows }: { template: Template; measure: ReturnType<typeof bindingMeasure>; rows: number },
): Promise<ValidationRows | undefined> {
  if (validation === undefined) {
    if (patience !== undefined) throw badRequest("'patience' needs a 'validation'");
    if (keep === "best") throw badRequest("'keep' as 'best' needs a 'validation'");
    return undefined;
  }
  if (outputs.length > SCORED_OUTPUTS_MAX) throw badRequest(`'outputs' has more than ${SCORED_OUTPUTS_MAX} items`);
  const strange = Object.keys(validation).find((key) => !["share", "inputs", "outputs"].includes(key));
  if (strange !== undefined) throw badRequest(`'validation' has an unknown key '${strange.slice(0, 50)}'`);
  const { share, inputs: given, outputs: expected } = validation;
  if (share !== undefined) {
    if (given !== undefined || expected !== undefined) throw badRequest("'validation' has a 'share' or other datasets");
    if (typeof share !== "number" || !(share > 0 && share < 1)) {
      throw badRequest("'share' of 'validation' is not a number between 0 and 1");
    }
    if (rows < 2) throw badRequest("A single row cannot be held out");
    if (heldOutOf(rows, share) < timeLength) throw badRequest("The rows that are held out are shorter than a window");
    return { share };
  }
  if (!Array.isArray(given) || !Array.isArray(expected)) {
    throw badRequest("'validation' needs a 'share', or 'inputs' and 'outputs'");
  }
  const inputs = readTaskBindings("inputs", given);
  const targets = readTaskBindings("outputs", expected);
  checkPorts("input", template.inputs, inputs);
  checkPorts("output", template.outputs, targets);
  const learnt = new Set(readTaskBindings("outputs", outputs).map(({ hexagon_name }) => hexagon_name));
  const other = targets.find(({ hexagon_name }) => !learnt.has(hexagon_name));
  if (other !== undefined) throw badRequest(`'validation' measures '${other.hexagon_name}', which is not learnt`);
  const columns: { inputs: BoundColumns[]; outputs: BoundColumns[] } = { inputs: [], outputs: [] };
  for (const binding of inputs) columns.inputs.push(await measure(binding, template.inputs, targets));
  for (const binding of targets) columns.outputs.push(await measure(binding, template.outputs));
  const planned = (bindings: readonly TaskBinding[]) => bindings.map(plannedBinding);
  return { inputs: planned(inputs), outputs: planned(targets), rows: cyclesOf(columns, timeLength).rows };
}
