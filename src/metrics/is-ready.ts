import { access, constants, open } from "node:fs/promises";
import { sql } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { checkSpace } from "../files/free-space.ts";
import { silenceText } from "../hosts/host-errors.ts";
import { outageOf, outageTexts } from "../server/outage.ts";

/** Timeout after which the database is considered unavailable. */
const answerMs = 2000;

/**
 * Whether the server can work: the database answers, the data directory is writable and has space, files can be opened,
 * and no host has been busy with one call for unusually long. `reason` is public: it contains no path and no name.
 */
export async function isReady(app: App): Promise<{ ready: boolean; reason?: string }> {
  for (const { uuid, silentMs } of app.hosts.list()) {
    if (silentMs > 0) return { ready: false, reason: `Host with uuid '${uuid}': ${silenceText(silentMs)}` };
  }
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the database does not answer")), answerMs);
  });
  try {
    await Promise.race([app.db.execute(sql`select 1`), late]);
    await access(app.storage.root, constants.W_OK);
    await checkSpace(app.storage.root);
    await (await open(app.storage.root)).close();
    return { ready: true };
  } catch (error) {
    app.log.warn({ err: error }, "not ready");
    const outage = outageOf(error);
    return { ready: false, ...(outage !== undefined && { reason: outageTexts[outage] }) };
  } finally {
    clearTimeout(timer);
  }
}
