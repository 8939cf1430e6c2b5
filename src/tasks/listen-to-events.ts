import { eq } from "drizzle-orm";
import { holderOf, sharesOf, type Connection } from "../accounts/connections.ts";
import { isVisibleTo } from "../accounts/visibility.ts";
import type { Context } from "../app-context.ts";
import { findCluster } from "../clusters/find-cluster.ts";
import { tasks } from "../db/schema/index.ts";
import { badRequest, HanamiError, notFound, tooMany } from "../errors.ts";
import type { EventFacts } from "../events/event.ts";
import { kindsNamed } from "../events/kinds.ts";
import { EventStream } from "./event-stream.ts";
import { getTask } from "./get-task.ts";
import type { PatientClient } from "./wait-for-task.ts";

/** Streams at the same time; three quarters of the connections remain for others. */
const STREAMS_MAX = 1024;
const RETRY_SECONDS = 5;

export interface EventFilter {
  cluster_uuid?: string | undefined;
  task_uuid?: string | undefined;
  /** Kinds and groups of kinds, between commas. */
  kind?: string | undefined;
}

/**
 * The events that the caller may see, from the client's last one on, until the caller's right ends. Throws 400 for an
 * unknown kind, 404 for a cluster or task that the caller cannot see, 409 when too many clients listen already. The
 * caller must consume or end the result.
 */
export async function listenToEvents(
  context: Context,
  filter: EventFilter,
  client: PatientClient,
): Promise<AsyncIterable<Uint8Array>> {
  const { app, caller } = context;
  const isWanted = await readFilter(context, filter);
  const wants = (event: EventFacts) => isWanted(event) && (event.owner === null || isVisibleTo(caller, event.owner));
  const place: Connection = { kind: "events", ...holderOf(caller), end: () => stream.end() };
  const places = Math.max(1, Math.min(STREAMS_MAX, Math.floor(app.connectionsMax / 4)));
  if (!app.connections.add(place, sharesOf(places))) {
    app.metrics.refused("events");
    throw tooMany("Too many clients listen to events.", RETRY_SECONDS);
  }
  const reader = app.events.read({ wants, project: caller.isAdmin ? undefined : caller.projectId }, client.lastEventId);
  const stream: EventStream = new EventStream(reader, client, () => app.connections.remove(place));
  try {
    // A revocation between the check of the token and now did not find this stream to end it.
    await client.checkAgain();
    return stream;
  } catch (error) {
    stream.end();
    throw error;
  }
}

async function readFilter(context: Context, filter: EventFilter): Promise<(event: EventFacts) => boolean> {
  const kinds = filter.kind === undefined ? undefined : new Set(filter.kind.split(",").flatMap(kindsOf));
  const cluster = await clusterOf(context, filter);
  const task = filter.task_uuid?.toLowerCase();
  return (event) =>
    (kinds === undefined || kinds.has(event.kind)) &&
    (cluster === undefined || event.cluster === cluster) &&
    // The end of a cluster is the end of its tasks.
    (task === undefined || event.task === task || event.kind === "cluster.deleted");
}

function kindsOf(name: string) {
  const kinds = kindsNamed(name);
  if (kinds.length === 0) throw badRequest(`There are no events of the kind '${name}'.`);
  return kinds;
}

/** The cluster that is named, or has the task. Throws 404 when the caller cannot see the cluster or the task. */
async function clusterOf(context: Context, filter: EventFilter): Promise<string | undefined> {
  const { cluster_uuid, task_uuid: uuid } = filter;
  if (uuid === undefined)
    return cluster_uuid === undefined ? undefined : (await findCluster(context, cluster_uuid)).uuid;
  if (cluster_uuid !== undefined) return (await getTask(context, { uuid, cluster_uuid })).cluster_uuid;
  const [task] = await context.app.db.select({ cluster: tasks.cluster_uuid }).from(tasks).where(eq(tasks.uuid, uuid));
  const unknown = notFound(`Task with UUID '${uuid}' not found`);
  if (task === undefined) throw unknown;
  const cluster = await findCluster(context, task.cluster).catch((error: unknown) => {
    throw error instanceof HanamiError ? unknown : error;
  });
  return cluster.uuid;
}
