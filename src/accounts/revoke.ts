import type { App } from "../app-context.ts";
import { isInDoubt } from "../server/outage.ts";

/**
 * Carries out a revocation, then calls `end` to close the connections that depended on it. `end` is also called when
 * the database did not confirm the change: a client that still has the right can reconnect.
 */
export async function revoke<T>(app: App, change: PromiseLike<T>, end: () => void): Promise<T> {
  try {
    const result = await app.knownCallers.change(change);
    end();
    return result;
  } catch (error) {
    if (isInDoubt(error)) end();
    throw error;
  }
}
