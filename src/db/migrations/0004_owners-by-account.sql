ALTER TABLE "audit_log" ADD COLUMN "user_uuid" uuid;--> statement-breakpoint
ALTER TABLE "checkpoints" ADD COLUMN "owner_uuid" uuid;--> statement-breakpoint
ALTER TABLE "clusters" ADD COLUMN "owner_uuid" uuid;--> statement-breakpoint
ALTER TABLE "datasets" ADD COLUMN "owner_uuid" uuid;--> statement-breakpoint
ALTER TABLE "tasks" ADD COLUMN "owner_uuid" uuid;--> statement-breakpoint
ALTER TABLE "tempfiles" ADD COLUMN "owner_uuid" uuid;--> statement-breakpoint
-- Until now a row knew its owner by id. Of the accounts that have had this id it belongs to the one that had it when the
-- row was made: the first one that was not deleted yet. The same for all tables.
UPDATE "audit_log" SET "user_uuid" = "account"."row_uuid" FROM (
    SELECT "row_uuid", "id", "deleted_at" AS "until",
      lag("deleted_at") OVER (PARTITION BY "id" ORDER BY "sequence") AS "since"
    FROM "users"
  ) AS "account"
  WHERE "account"."id" = "audit_log"."user_id"
    AND ("since" IS NULL OR "since" <= "audit_log"."created_at") AND ("until" IS NULL OR "until" > "audit_log"."created_at");--> statement-breakpoint
UPDATE "checkpoints" SET "owner_uuid" = "account"."row_uuid" FROM (
    SELECT "row_uuid", "id", "deleted_at" AS "until",
      lag("deleted_at") OVER (PARTITION BY "id" ORDER BY "sequence") AS "since"
    FROM "users"
  ) AS "account"
  WHERE "account"."id" = "checkpoints"."owner_id"
    AND ("since" IS NULL OR "since" <= "checkpoints"."created_at") AND ("until" IS NULL OR "until" > "checkpoints"."created_at");--> statement-breakpoint
UPDATE "clusters" SET "owner_uuid" = "account"."row_uuid" FROM (
    SELECT "row_uuid", "id", "deleted_at" AS "until",
      lag("deleted_at") OVER (PARTITION BY "id" ORDER BY "sequence") AS "since"
    FROM "users"
  ) AS "account"
  WHERE "account"."id" = "clusters"."owner_id"
    AND ("since" IS NULL OR "since" <= "clusters"."created_at") AND ("until" IS NULL OR "until" > "clusters"."created_at");--> statement-breakpoint
UPDATE "datasets" SET "owner_uuid" = "account"."row_uuid" FROM (
    SELECT "row_uuid", "id", "deleted_at" AS "until",
      lag("deleted_at") OVER (PARTITION BY "id" ORDER BY "sequence") AS "since"
    FROM "users"
  ) AS "account"
  WHERE "account"."id" = "datasets"."owner_id"
    AND ("since" IS NULL OR "since" <= "datasets"."created_at") AND ("until" IS NULL OR "until" > "datasets"."created_at");--> statement-breakpoint
UPDATE "tasks" SET "owner_uuid" = "account"."row_uuid" FROM (
    SELECT "row_uuid", "id", "deleted_at" AS "until",
      lag("deleted_at") OVER (PARTITION BY "id" ORDER BY "sequence") AS "since"
    FROM "users"
  ) AS "account"
  WHERE "account"."id" = "tasks"."owner_id"
    AND ("since" IS NULL OR "since" <= "tasks"."queued_at") AND ("until" IS NULL OR "until" > "tasks"."queued_at");--> statement-breakpoint
UPDATE "tempfiles" SET "owner_uuid" = "account"."row_uuid" FROM (
    SELECT "row_uuid", "id", "deleted_at" AS "until",
      lag("deleted_at") OVER (PARTITION BY "id" ORDER BY "sequence") AS "since"
    FROM "users"
  ) AS "account"
  WHERE "account"."id" = "tempfiles"."owner_id"
    AND ("since" IS NULL OR "since" <= "tempfiles"."created_at") AND ("until" IS NULL OR "until" > "tempfiles"."created_at");--> statement-breakpoint
CREATE INDEX "audit_log_account" ON "audit_log" USING btree ("user_uuid","sequence");