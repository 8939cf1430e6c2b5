DROP INDEX "tasks_cluster";--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "aborted_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "checkpoints_live" ON "checkpoints" USING btree ("sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "checkpoints_own" ON "checkpoints" USING btree ("owner_uuid","project_id","sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "clusters_live" ON "clusters" USING btree ("sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "clusters_own" ON "clusters" USING btree ("owner_uuid","project_id","sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "clusters_name" ON "clusters" USING btree ("name") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "datasets_live" ON "datasets" USING btree ("sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "datasets_own" ON "datasets" USING btree ("owner_uuid","project_id","sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "projects_live" ON "projects" USING btree ("sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "tasks_list" ON "tasks" USING btree ("cluster_uuid","uuid");--> statement-breakpoint
CREATE INDEX "tasks_open" ON "tasks" USING btree ("cluster_uuid","sequence") WHERE state in ('queued', 'active');--> statement-breakpoint
CREATE INDEX "tasks_open_project" ON "tasks" USING btree ("project_id") WHERE state in ('queued', 'active');--> statement-breakpoint
CREATE INDEX "tasks_ended" ON "tasks" USING btree (coalesce(ended_at, aborted_at, started_at),"state") WHERE state in ('aborted', 'finished', 'failed');--> statement-breakpoint
CREATE INDEX "tempfiles_live" ON "tempfiles" USING btree ("project_id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "users_live" ON "users" USING btree ("sequence") WHERE deleted_at is null;