import { randomInt, randomUUID } from "node:crypto";
import { rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { and, eq, sql } from "drizzle-orm";
import { lockAssignment } from "../accounts/lock-assignment.ts";
import { ownedBy, visibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import type { Limits } from "../server/config.ts";
import { checkpointPath } from "../files/storage.ts";
import { checkpointNotFound, findCheckpoint } from "../checkpoints/find-checkpoint.ts";
import { readOrigin } from "../checkpoints/read-origin.ts";
import { clusters } from "../db/schema/index.ts";
import { badRequest, conflict } from "../errors.ts";
import { checkHostRoom } from "../hosts/check-host-room.ts";
import { findHost } from "../hosts/find-host.ts";
import { checkRoom } from "../limits/check-room.ts";
import { base64Excess, templateExcess } from "../limits/template-excess.ts";
import { emptyFigures, type NetworkFigures } from "../network/network-figures.ts";
import { parseTemplate } from "../network/template/parse-template.ts";
import { TemplateError } from "../network/template/template-error.ts";
import type { ClusterRow } from "../db/rows.ts";
import { clusterEvent } from "./cluster-events.ts";
import { InvalidTemplateError } from "./invalid-template.ts";
import { linkDurably } from "../files/durable-file.ts";
import { isInDoubt } from "../server/outage.ts";
import { isMissing } from "../files/is-missing.ts";

export interface CreateClusterInput {
  name: string;
  /** The template's text in base64; empty for a cluster without hexagons. */
  template?: string | undefined;
  /** Instead of a template: the checkpoint that the cluster's network starts from. */
  checkpoint_uuid?: string | undefined;
  host_uuid?: string | undefined;
  /** 0 … 2^32 − 1; random when omitted. */
  seed?: number | undefined;
}

/** The initial state of a new cluster. */
interface Origin {
  template: string;
  seed: number;
  /** See `clusters.snapshot`. */
  snapshot: string | null;
  /** See `clusters.figures`. */
  figures: NetworkFigures | null;
  /** Minimum memory of its network. */
  bytes: number;
}

/** Size of an untrained network. */
const EMPTY_NETWORK_BYTES = 16 * 1024;

/**
 * Only valid with a length that is a multiple of four. The contract's pattern is equivalent, but overflows the stack
 * for a long text.
 */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Creates a cluster with an empty network or with that of a checkpoint. The cluster keeps this network when the
 * checkpoint is deleted.
 */
export async function createCluster(context: Context, input: CreateClusterInput): Promise<ClusterRow> {
  const { template, checkpoint_uuid, seed } = input;
  const uuid = randomUUID();
  if (checkpoint_uuid === undefined) {
    const excess = base64Excess(context.app.config.limits, template ?? "");
    if (excess !== undefined) throw badRequest(`Uploaded template ${excess}.`);
    // Evaluated late, so that other errors are reported first.
    const origin = () => {
      const text = decodeTemplate(template ?? "", context.app.config.limits);
      return {
        template: text,
        seed: seed ?? randomInt(2 ** 32),
        snapshot: null,
        figures: emptyFigures(parseTemplate(text)),
        bytes: EMPTY_NETWORK_BYTES,
      };
    };
    return insertCluster(context, input, { uuid, origin });
  }
  if (template !== undefined || seed !== undefined) {
    throw badRequest(
      "A cluster is made either of a checkpoint, which has its own template and seed, or of a template.",
    );
  }
  const { storage } = context.app;
  const checkpoint = await findCheckpoint(context, checkpoint_uuid);
  const snapshot = `${uuid}.1.safetensors`;
  const path = join(storage.clusters, snapshot);
  try {
    await linkDurably(checkpointPath(storage, checkpoint.uuid), path);
  } catch (error) {
    if (isMissing(error)) throw checkpointNotFound(checkpoint_uuid);
    throw error;
  }
  try {
    const origin = { ...(await readOrigin(path)), snapshot, figures: null, bytes: (await stat(path)).size };
    return await insertCluster(context, input, { uuid, origin: () => origin });
  } catch (error) {
    if (!isInDoubt(error)) await rm(path, { force: true });
    throw error;
  }
}

/**
 * Names are unique among the clusters that the caller can see. No index can express that, so an advisory lock
 * serializes the check and the insert.
 */
async function insertCluster(
  context: Context,
  input: CreateClusterInput,
  { uuid, origin }: { uuid: string; origin: () => Origin },
): Promise<ClusterRow> {
  const { app, caller } = context;
  return app.db.transaction(async (tx) => {
    await lockAssignment(tx, caller);
    await tx.execute(sql`select pg_advisory_xact_lock(hashtext('clusters.name'))`);
    await checkRoom(app, tx, "clusters", caller.projectId);
    const [namesake] = await tx
      .select({ uuid: clusters.uuid })
      .from(clusters)
      .where(and(eq(clusters.name, input.name), visibleTo(caller, clusters)))
      .limit(1);
    if (namesake !== undefined) throw conflict(`Cluster with name '${input.name}' already exist.`);
    const { bytes, ...made } = origin();
    const host = input.host_uuid === undefined ? app.hosts.default() : findHost(context, input.host_uuid);
    checkHostRoom(host, bytes);
    const [row] = await tx
      .insert(clusters)
      .values({ uuid, name: input.name, ...made, host_uuid: host.uuid, ...ownedBy(caller) })
      .returning();
    app.events.publishWith(tx, clusterEvent("created", row as ClusterRow));
    return row as ClusterRow;
  });
}

function decodeTemplate(base64: string, limits: Limits): string {
  if (base64.length % 4 !== 0 || !BASE64.test(base64))
    throw badRequest("Uploaded template is not a valid base64-String.");
  const text = Buffer.from(base64, "base64").toString("utf8");
  let excess: string | undefined;
  try {
    excess = templateExcess(limits, text);
  } catch (error) {
    if (error instanceof TemplateError) throw new InvalidTemplateError(error.message, { cause: error });
    throw error;
  }
  if (excess !== undefined) throw badRequest(`Uploaded template ${excess}.`);
  return text;
}
