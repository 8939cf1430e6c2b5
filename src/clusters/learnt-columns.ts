import type { Context } from "../app-context.ts";
import type { FittedColumn } from "../encoders/table-encoder.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { encodersOf, tableOf, targetOf } from "./answers.ts";
import { findCluster } from "./find-cluster.ts";
import { portsOf } from "./named-ports.ts";

/** A column of a table as it was learnt; `empty` had not a single value. */
export type LearntColumn = Pick<FittedColumn, "name" | "kind">;

/** The columns that a cluster's encoders know. Columns are null before the first training. */
export interface LearntColumns {
  /** The inputs that take a table. */
  inputs: { hexagon_name: string; columns: LearntColumn[] | null }[];
  /** The outputs that answer classes or numbers; `classes` is empty for numbers. */
  outputs: { hexagon_name: string; kind: "class" | "number"; column: string | null; classes: string[] }[];
}

/** Tells the columns that a cluster has learnt, in turn with its tasks. Throws 404 for an unknown cluster. */
export async function learntColumns({ app, ...context }: Context, uuid: string): Promise<LearntColumns> {
  const cluster = await findCluster({ app, ...context }, uuid);
  const { info } = await app.scheduler.exclusive(cluster.uuid, (network) => network.ready());
  const template = parseTemplate(info.template);
  const encoders = encodersOf(info);
  const inputs = portsOf(template.inputs).filter(({ kind }) => kind === "table");
  return {
    inputs: inputs.map(({ name }) => ({
      hexagon_name: name,
      columns: namesAndKinds(tableOf(encoders, name)?.columns),
    })),
    outputs: portsOf(template.outputs).flatMap(({ name, kind }) => {
      if (kind !== "class" && kind !== "number") return [];
      const target = targetOf(encoders, name);
      const classes = target?.kind === "class" ? target.classes : [];
      return [{ hexagon_name: name, kind, column: target?.column ?? null, classes }];
    }),
  };
}

const namesAndKinds = (columns: readonly FittedColumn[] | undefined) =>
  columns?.map(({ name, kind }) => ({ name, kind })) ?? null;
