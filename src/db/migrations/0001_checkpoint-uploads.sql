ALTER TABLE "tempfiles" ALTER COLUMN "dataset_uuid" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "tempfiles" ADD COLUMN "checkpoint_uuid" uuid;--> statement-breakpoint
ALTER TABLE "tempfiles" ADD COLUMN "checkpoint_name" text;