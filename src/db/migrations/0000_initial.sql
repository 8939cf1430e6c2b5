CREATE TABLE "audit_log" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"user_id" text NOT NULL,
	"endpoint" text NOT NULL,
	"request_type" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "checkpoints" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"sequence" bigserial NOT NULL,
	"name" text NOT NULL,
	"file_size" bigint NOT NULL,
	"project_id" text NOT NULL,
	"owner_id" text NOT NULL,
	"visibility" text DEFAULT 'private' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "clusters" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"sequence" bigserial NOT NULL,
	"name" text NOT NULL,
	"template" text NOT NULL,
	"seed" bigint NOT NULL,
	"host_uuid" uuid NOT NULL,
	"mode" text DEFAULT 'TASK' NOT NULL,
	"snapshot" text,
	"snapshot_task_uuid" uuid,
	"snapshot_task_cycle" bigint DEFAULT 0 NOT NULL,
	"project_id" text NOT NULL,
	"owner_id" text NOT NULL,
	"visibility" text DEFAULT 'private' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "datasets" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"sequence" bigserial NOT NULL,
	"name" text NOT NULL,
	"type" text NOT NULL,
	"state" text NOT NULL,
	"project_id" text NOT NULL,
	"owner_id" text NOT NULL,
	"visibility" text DEFAULT 'private' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "error_log" (
	"sequence" bigserial PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"user_id" text DEFAULT '' NOT NULL,
	"component" text NOT NULL,
	"context" text NOT NULL,
	"input_values" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"message" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "hosts" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"device_key" text NOT NULL,
	CONSTRAINT "hosts_device_key_unique" UNIQUE("device_key")
);
--> statement-breakpoint
CREATE TABLE "projects" (
	"row_uuid" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"sequence" bigserial NOT NULL,
	"id" text NOT NULL,
	"name" text NOT NULL,
	"creator_id" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "tasks" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"sequence" bigserial NOT NULL,
	"cluster_uuid" uuid NOT NULL,
	"name" text NOT NULL,
	"owner_id" text NOT NULL,
	"project_id" text NOT NULL,
	"plan" jsonb NOT NULL,
	"state" text DEFAULT 'queued' NOT NULL,
	"error_message" text,
	"current_cycle" bigint DEFAULT 0 NOT NULL,
	"total_number_of_cycles" bigint NOT NULL,
	"queued_at" timestamp with time zone DEFAULT now() NOT NULL,
	"started_at" timestamp with time zone,
	"ended_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "tempfiles" (
	"uuid" uuid PRIMARY KEY NOT NULL,
	"dataset_uuid" uuid NOT NULL,
	"role" text NOT NULL,
	"file_size" bigint NOT NULL,
	"received" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"touched_at" timestamp with time zone DEFAULT now() NOT NULL,
	"project_id" text NOT NULL,
	"owner_id" text NOT NULL,
	"visibility" text DEFAULT 'private' NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "user_projects" (
	"user_row_uuid" uuid NOT NULL,
	"sequence" bigserial NOT NULL,
	"project_id" text NOT NULL,
	"role" text NOT NULL,
	"is_project_admin" boolean NOT NULL
);
--> statement-breakpoint
CREATE TABLE "users" (
	"row_uuid" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"sequence" bigserial NOT NULL,
	"id" text NOT NULL,
	"name" text NOT NULL,
	"creator_id" text NOT NULL,
	"is_admin" boolean NOT NULL,
	"passphrase_hash" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_cluster_uuid_clusters_uuid_fk" FOREIGN KEY ("cluster_uuid") REFERENCES "public"."clusters"("uuid") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "tempfiles" ADD CONSTRAINT "tempfiles_dataset_uuid_datasets_uuid_fk" FOREIGN KEY ("dataset_uuid") REFERENCES "public"."datasets"("uuid") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "user_projects" ADD CONSTRAINT "user_projects_user_row_uuid_users_row_uuid_fk" FOREIGN KEY ("user_row_uuid") REFERENCES "public"."users"("row_uuid") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "audit_log_user" ON "audit_log" USING btree ("user_id","sequence");--> statement-breakpoint
CREATE INDEX "checkpoints_project" ON "checkpoints" USING btree ("project_id","sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "clusters_project" ON "clusters" USING btree ("project_id","sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "datasets_project" ON "datasets" USING btree ("project_id","sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "error_log_user" ON "error_log" USING btree ("user_id","sequence");--> statement-breakpoint
CREATE UNIQUE INDEX "projects_id" ON "projects" USING btree ("id") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "tasks_cluster" ON "tasks" USING btree ("cluster_uuid","sequence");--> statement-breakpoint
CREATE INDEX "tempfiles_dataset" ON "tempfiles" USING btree ("dataset_uuid");--> statement-breakpoint
CREATE UNIQUE INDEX "user_projects_user_project" ON "user_projects" USING btree ("user_row_uuid","project_id");--> statement-breakpoint
CREATE UNIQUE INDEX "users_id" ON "users" USING btree ("id") WHERE deleted_at is null;