import type { checkpoints, clusters, datasets, tasks, tempfiles, users } from "./schema/index.ts";

/** Rows as queries return them. Types only, so that layers without SQL can name the rows that actions pass to them. */
export type CheckpointRow = typeof checkpoints.$inferSelect;
export type ClusterRow = typeof clusters.$inferSelect;
export type DatasetRow = typeof datasets.$inferSelect;
export type TaskRow = typeof tasks.$inferSelect;
export type TempfileRow = typeof tempfiles.$inferSelect;
export type UserRow = typeof users.$inferSelect;
