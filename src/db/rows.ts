import type { checkpoints, clusters, datasets, tasks, tempfiles, users } from "./schema/index.ts";

/** Rows as queries return them. Types only, so that layers without SQL can name the rows that actions pass to them. */
export type CheckpointRow = typeof checkpoints.$inferSelect;
export type ClusterRow = typeof clusters.$inferSelect;
export type DatasetRow = typeof datasets.$inferSelect;
/** Without its curve, which only its own queries read. */
export type TaskRow = Omit<typeof tasks.$inferSelect, "metrics">;
export type TempfileRow = typeof tempfiles.$inferSelect;
export type UserRow = typeof users.$inferSelect;
