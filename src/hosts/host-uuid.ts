import { randomUUID } from "node:crypto";
import { eq } from "drizzle-orm";
import type { Db } from "../db/client.ts";
import { hosts } from "../db/schema/index.ts";

/** The uuid of the host on this device, generated on its first start. */
export async function hostUuid(db: Db, deviceKey: string): Promise<string> {
  await db.insert(hosts).values({ uuid: randomUUID(), device_key: deviceKey }).onConflictDoNothing();
  const [row] = await db.select().from(hosts).where(eq(hosts.device_key, deviceKey));
  if (row === undefined) throw new Error(`the host '${deviceKey}' could not be registered`);
  return row.uuid;
}
