import { and, eq, inArray, isNull } from "drizzle-orm";
import { clusters, tasks } from "../db/schema/index.ts";
import { ClusterLane, type LaneResources } from "./cluster-lane.ts";
import type { Scheduler } from "./scheduler.ts";
import { sweepFiles } from "./sweep-files.ts";

/** Opens the scheduler: sweeps what an earlier run left behind, then goes on with every queue that is not empty. */
export async function createScheduler(resources: LaneResources): Promise<Scheduler> {
  const { db, storage } = resources;
  await sweepFiles({ db, storage });

  const lanes = new Map<string, ClusterLane>();
  const lane = (uuid: string): ClusterLane => {
    const known = lanes.get(uuid);
    if (known !== undefined) return known;
    const created = new ClusterLane(resources, uuid);
    lanes.set(uuid, created);
    return created;
  };

  const waiting = await db
    .selectDistinct({ uuid: tasks.cluster_uuid })
    .from(tasks)
    .innerJoin(clusters, eq(clusters.uuid, tasks.cluster_uuid))
    .where(and(isNull(clusters.deleted_at), inArray(tasks.state, ["queued", "active"])));
  for (const { uuid } of waiting) lane(uuid).wake();

  return {
    wake: (uuid) => lane(uuid).wake(),
    progress: (uuid, taskUuid) => lanes.get(uuid)?.progress(taskUuid),
    knownFigures: (uuid) => {
      const figures = lanes.get(uuid)?.knownFigures;
      return figures ? { figures, unavailable: null } : undefined;
    },
    figures: (uuid) => lane(uuid).exclusive((seat) => seat.figures()),
    networks: () => [...lanes.values()].flatMap(({ network }) => (network === null ? [] : [network])),
    abort: async (uuid, taskUuid) => lanes.get(uuid)?.abort(taskUuid),
    exclusive: (uuid, step) => lane(uuid).exclusive(step),
    retire: async (uuid, remove) => {
      await lane(uuid).retire(remove);
      lanes.delete(uuid);
    },
    onRetired: (uuid, listener) => lane(uuid).onRetired(listener),
    close: async () => {
      await Promise.all([...lanes.values()].map((each) => each.close()));
    },
  };
}
