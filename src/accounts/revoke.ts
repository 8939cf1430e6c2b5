import type { App } from "../app-context.ts";
import { isInDoubt } from "../server/outage.ts";

/**
 * Carries out a change that takes rights away, then `end` closes what stays open by them; also when the database could
 * not tell whether it made the change: whoever still has the right connects again.
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
