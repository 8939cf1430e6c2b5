import { z } from "zod";

/** Rows of a request: objects by column name, or arrays in the order of the learnt columns. */
export const rowsInput = z.array(z.unknown()).meta({ items: { type: ["object", "array"] } });

export const rowErrors = {
  400: [
    "'rows' is empty",
    "'rows' has {number} rows, but at most {number} are possible",
    "{number} rows have more than {number} different columns",
    "Row {number} is not {kind}",
    "Row {number} has {number} cells, but {number} are expected: {names}",
    "Row {number}, column '{name}' is no cell",
    "Row {number}, column '{name}' is an array",
    "Row {number}, column '{name}': {cell} is no {kind}",
    "Row {number}, '{name}' has {number} values, but row 0 has {number}",
    "Row {number}, '{name}' has a value that is no number",
    "'{name}' has {number} values, but an {port} may have {number}",
    "'{name}' has {number} values, but the network has learnt only {number} of them",
    "The input '{name}' has not learnt a table yet",
    "The rows have none of the columns that the network has learnt: {names}",
    "Column '{name}' was learnt as {kind} and has {kind} now.",
    "The answer would have {number} cells, but at most {number} are possible",
    "The rows do not fit the network: {reason}",
  ],
  404: ["Cluster with uuid '{uuid}' not found"],
  409: [
    "The cluster has learnt other columns meanwhile: try again",
    "The host was lost: {reason}",
    "The host has no room for this network: {reason}",
    "The network of cluster '{uuid}' cannot be computed: {reason}",
    "The cluster's work did not end within {number} s, {reason}",
    "It has been busy with one call for {number} s.",
  ],
};
