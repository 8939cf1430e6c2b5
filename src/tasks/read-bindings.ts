import type { TaskBinding } from "../db/schema/index.ts";
import { badRequest, notFound } from "../errors.ts";
import { nameProblem } from "../datasets/column-name.ts";

type Key = "hexagon_name" | "dataset_uuid" | "dataset_column";

const UUID = /^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$/;

/**
 * Reads the items of `inputs`, `outputs` or `results`. Checks sub-keys in the order of `keys`, which is the contract's.
 * Throws 400 for the first error.
 */
export function readBindings<K extends Key>(what: string, items: readonly unknown[], keys: readonly K[]) {
  if (items.length === 0) throw badRequest(`'${what}' is empty`);
  return items.map((item) => {
    if (typeof item !== "object" || item === null || Array.isArray(item)) throw wrongType(what, "map");
    const values = item as Record<string, unknown>;
    const entries = keys.map((key) => {
      const value = Object.hasOwn(values, key) ? values[key] : undefined;
      if (value === undefined) throw badRequest(`'${key}' is missing`);
      if (typeof value !== "string") throw wrongType(key, "string");
      if (key === "dataset_column") checkColumnName(value);
      return [key, value] as const;
    });
    return Object.fromEntries(entries) as Record<K, string>;
  });
}

/**
 * Reads the items of `inputs` or `outputs`, which name a column, or with `dataset_columns` several: an array of names,
 * or `*` with the names in `except` left out. Throws 400 for the first error.
 */
export function readTaskBindings(what: string, items: readonly unknown[]): TaskBinding[] {
  if (items.length === 0) throw badRequest(`'${what}' is empty`);
  return items.map((item): TaskBinding => {
    if (typeof item !== "object" || item === null || !("dataset_columns" in item)) {
      return readBindings(what, [item], ["hexagon_name", "dataset_uuid", "dataset_column"])[0]!;
    }
    if ("dataset_column" in item) throw badRequest("An item has 'dataset_column' and 'dataset_columns'");
    const [named] = readBindings(what, [item], ["hexagon_name", "dataset_uuid"]);
    const { dataset_columns, except } = item as { dataset_columns: unknown; except?: unknown };
    if (dataset_columns === "*") {
      return { ...named!, dataset_columns, except: except === undefined ? [] : readColumnNames("except", except) };
    }
    if (except !== undefined) throw badRequest("'except' is only possible where 'dataset_columns' is '*'");
    const names = readColumnNames("dataset_columns", dataset_columns);
    if (names.length === 0) throw badRequest("'dataset_columns' is empty");
    return { ...named!, dataset_columns: names };
  });
}

/** Distinct names of columns. */
export function readColumnNames(key: "dataset_columns" | "except" | "keep_columns", value: unknown): string[] {
  if (!Array.isArray(value)) throw badRequest(`'${key}' is not an array of names`);
  for (const name of value) {
    if (typeof name !== "string") throw badRequest(`'${key}' is not an array of names`);
    checkColumnName(name);
  }
  const names = new Set(value as string[]);
  if (names.size < value.length) throw badRequest(`'${key}' names a column twice`);
  return [...names];
}

/** Throws 400 unless the text is a uuid, because the database rejects a comparison with other text. */
export function checkUuid(key: Key, value: string): void {
  if (!UUID.test(value)) throw badRequest(`Given item '${key}' doesn't match with regex "${UUID.source}"`);
}

/** A binding as stored in a plan: in lower case, like the uuids in the names of dataset files. */
export const plannedBinding = (binding: TaskBinding): TaskBinding => ({
  ...binding,
  dataset_uuid: binding.dataset_uuid.toLowerCase(),
});

/** Throws 400 for an invalid column name. */
function checkColumnName(name: string): void {
  const problem = nameProblem(name);
  if (problem !== undefined)
    throw badRequest(`Validation failed, because item 'dataset_column' is not valid: the name ${problem}`);
}

/** Throws 404 for a name that is not in the template, 400 for one that is used twice. */
export function checkPorts(
  what: "input" | "output",
  known: readonly { name: string }[],
  bindings: readonly { hexagon_name: string }[],
): void {
  const names = new Set(known.map(({ name }) => name));
  const used = new Set<string>();
  for (const { hexagon_name: name } of bindings) {
    if (!names.has(name)) throw notFound(`Cluster has no ${what} with name '${name}'`);
    if (used.has(name)) throw badRequest(`The ${what} with name '${name}' is used twice`);
    used.add(name);
  }
}

// Clients know this text with the two blanks and the misspelling.
const wrongType = (key: string, type: "map" | "string") =>
  badRequest(`Value-validation failed, because a item '${key}'  has the false type: Exprect ${type}-type.`);
