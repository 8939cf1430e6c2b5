CREATE TABLE "api_keys" (
	"uuid" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"sequence" bigserial NOT NULL,
	"name" text NOT NULL,
	"hash" text NOT NULL,
	"owner_uuid" uuid NOT NULL,
	"project_id" text NOT NULL,
	"role" text NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"last_used_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "notifications" (
	"task_uuid" uuid PRIMARY KEY NOT NULL,
	"delivery_uuid" uuid NOT NULL,
	"project_id" text NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"next_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "audit_log" ADD COLUMN "key_uuid" uuid;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "notify_url" text;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "metrics" text;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_owner_uuid_users_row_uuid_fk" FOREIGN KEY ("owner_uuid") REFERENCES "public"."users"("row_uuid") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash" ON "api_keys" USING btree ("hash");--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_name" ON "api_keys" USING btree ("owner_uuid","name") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "api_keys_live" ON "api_keys" USING btree ("sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "api_keys_project" ON "api_keys" USING btree ("project_id","sequence") WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "notifications_next" ON "notifications" USING btree ("project_id","next_at");