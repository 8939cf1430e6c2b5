import { randomInt, randomUUID } from "node:crypto";
import { and, eq, sql } from "drizzle-orm";
import { ownedBy, visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { clusters } from "../db/schema/index.ts";
import { badRequest, conflict } from "../errors.ts";
import { findHost } from "../hosts/find-host.ts";
import { parseTemplate, TemplateError } from "../network/template/parse-template.ts";
import type { ClusterRow } from "./find-cluster.ts";
import { InvalidTemplateError } from "./invalid-template.ts";

export interface CreateClusterInput {
  name: string;
  /** Base64 of the template's text; empty: a cluster without hexagons. */
  template?: string | undefined;
  host_uuid?: string | undefined;
  /** 0 … 2^32 − 1; drawn when left out. */
  seed?: number | undefined;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Makes a cluster with an empty network. Names are unique among the clusters that the caller can see, which no index
 * can express: an advisory lock lets creations look and insert one after another.
 */
export async function createCluster(context: Context, input: CreateClusterInput): Promise<ClusterRow> {
  const { app, caller } = context;
  return app.db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext('clusters.name'))`);
    const [namesake] = await tx
      .select({ uuid: clusters.uuid })
      .from(clusters)
      .where(and(eq(clusters.name, input.name), visibleTo(caller, clusters)))
      .limit(1);
    if (namesake !== undefined) throw conflict(`Cluster with name '${input.name}' already exist.`);
    const template = decodeTemplate(input.template ?? "");
    const host = input.host_uuid === undefined ? app.hosts.default() : findHost(context, input.host_uuid);
    const [row] = await tx
      .insert(clusters)
      .values({
        uuid: randomUUID(),
        name: input.name,
        template,
        seed: input.seed ?? randomInt(2 ** 32),
        host_uuid: host.uuid,
        ...ownedBy(caller),
      })
      .returning();
    return row as ClusterRow;
  });
}

function decodeTemplate(base64: string): string {
  if (!BASE64.test(base64)) throw badRequest("Uploaded template is not a valid base64-String.");
  const text = Buffer.from(base64, "base64").toString("utf8");
  try {
    parseTemplate(text);
  } catch (error) {
    if (error instanceof TemplateError) throw new InvalidTemplateError(error.message, { cause: error });
    throw error;
  }
  return text;
}
