import { z } from "zod";
import { noRoomText } from "../../limits/check-room.ts";
import { notifyUrlTexts } from "../../tasks/check-notify-url.ts";
import { validationTexts as texts } from "../validation-texts.ts";

/** Error texts for the items of `inputs`, `outputs` and `results`, and for the data that they name. */
export const bindingErrors = {
  400: [
    "'{key}' is empty",
    "'{key}' is missing",
    texts.type("{key}", "map"),
    texts.type("{key}", "string"),
    texts.pattern("{key}", "{regex}"),
    texts.name("{key}", "{reason}"),
    "The {port} with name '{name}' is used twice",
    "The column with name '{name}' is used twice",
    "An item has 'dataset_column' and 'dataset_columns'",
    "'{key}' is not an array of names",
    "'{key}' names a column twice",
    "'except' is only possible where 'dataset_columns' is '*'",
    "'{port}' is no table and takes one 'dataset_column'",
    "The table of '{port}' has no columns",
    "'{name}' is a group of several columns; '{port}' takes single columns",
    "The task would read more than {number} columns",
    "Data-set with uuid '{uuid}' is not complete yet",
    "Data-set with uuid '{uuid}' has no rows",
    "Dataset with UUID '{uuid}' is invalid and can not be read.",
    "'time_length' is {number}, but there are only {number} rows",
    "One step would have {number} {kind} values, but at most {number} are possible",
    "One step would have {number} samples, but with these columns and hexagons at most {number} are possible",
    ...Object.values(notifyUrlTexts),
  ],
  404: [
    "Cluster with uuid '{uuid}' not found",
    "Cluster has no {port} with name '{name}'",
    "Data-set with uuid '{uuid}' not found",
  ],
  409: [noRoomText("tasks"), noRoomText("notifications")],
};

/** Error texts of `validation`, `patience` and `keep`. */
export const validationErrors = [
  "'patience' needs a 'validation'",
  "'keep' as 'best' needs a 'validation'",
  "'validation' has an unknown key '{key}'",
  "'validation' has a 'share' or other datasets",
  "'validation' needs a 'share', or 'inputs' and 'outputs'",
  "'validation' measures '{output}', which is not learnt",
  "'share' of 'validation' is not a number between 0 and 1",
  "A single row cannot be held out",
  "The rows that are held out are shorter than a window",
  "No rows would be left to learn from",
];

/** Which row of a window has the target; the contract knows only the first. */
export const targetRow = z.enum(["first", "last"]).default("first");

const text = { type: "string" } as const;
const itemKeys = { hexagon_name: text, dataset_uuid: text, dataset_column: text };

/** For the documentation only: the action checks the items, with special texts. */
export const boundItems = {
  items: {
    type: "object",
    properties: {
      ...itemKeys,
      dataset_columns: { oneOf: [{ const: "*" }, { type: "array", items: text }] },
      except: { type: "array", items: text },
    },
    required: ["hexagon_name", "dataset_uuid"],
  },
};

const resultKeys = { hexagon_name: text, dataset_column: text };

export const resultItems = {
  items: { type: "object", properties: resultKeys, required: Object.keys(resultKeys) },
};
