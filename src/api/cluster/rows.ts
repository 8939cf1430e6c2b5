import { z } from "zod";

/** Rows of a request: objects by column name, or arrays in the order of the learnt columns. */
export const rowsInput = z.array(z.unknown()).meta({ items: { type: ["object", "array"] } });

export const rowErrors = {
  400: [
    "'rows' is empty",
    "'rows' has {number} rows, but at most {number} are possible",
    "Row {number} is not {kind}",
    "Row {number} has {number} cells, but {number} are expected: {names}",
    "Row {number}, column '{name}' is no cell",
    "Row {number}, column '{name}': {cell} is no {kind}",
    "The input '{name}' has not learnt a table yet",
    "The rows have none of the columns that the network has learnt: {names}",
    "The answer would have {number} cells, but at most {number} are possible",
  ],
  404: ["Cluster with uuid '{uuid}' not found"],
  409: ["The cluster has learnt other columns meanwhile: try again"],
};
