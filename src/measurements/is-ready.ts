import { access, constants } from "node:fs/promises";
import { sql } from "drizzle-orm";
import type { App } from "../app-context.ts";
import { checkSpace } from "../free-space.ts";

/** A database that does not answer in this time is taken for gone. */
const answerMs = 2000;

/** Whether the server can work: the database answers, the data directory can be written to and has space. */
export async function isReady(app: App): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("the database does not answer")), answerMs);
  });
  try {
    await Promise.race([app.db.execute(sql`select 1`), late]);
    await access(app.storage.root, constants.W_OK);
    await checkSpace(app.storage.root);
    return true;
  } catch (error) {
    app.log.warn({ err: error }, "not ready");
    return false;
  } finally {
    clearTimeout(timer);
  }
}
