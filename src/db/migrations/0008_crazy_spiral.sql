CREATE TABLE "notifications" (
	"task_uuid" uuid PRIMARY KEY NOT NULL,
	"delivery_uuid" uuid NOT NULL,
	"project_id" text NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"next_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "notify_url" text;--> statement-breakpoint
CREATE INDEX "notifications_next" ON "notifications" USING btree ("project_id","next_at");