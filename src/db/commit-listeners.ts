import { isInDoubt } from "../server/outage.ts";
import type { Db } from "./client.ts";

/** `unknown`: the answer to the commit was lost. */
export type Outcome = "committed" | "undone" | "unknown";

type Listener = (outcome: Outcome) => void;

const listeners = new WeakMap<Db, Listener[]>();

/** Calls `listener` once with the outcome of this transaction of `withOutcomes`. */
export function onOutcome(tx: Db, listener: Listener): void {
  const added = listeners.get(tx);
  if (added === undefined) throw new Error("no transaction that tells its outcome");
  added.push(listener);
}

/** The database, with transactions that tell their outcome to those who called `onOutcome`. */
export function withOutcomes(db: Db): Db {
  const transaction: Db["transaction"] = async (work, config) => {
    const added: Listener[] = [];
    const tell = (outcome: Outcome) => {
      for (const listener of added) listener(outcome);
    };
    const change = db.transaction((tx) => {
      listeners.set(tx, added);
      return work(tx);
    }, config);
    const result = await change.catch((error: unknown) => {
      tell(isInDoubt(error) ? "unknown" : "undone");
      throw error;
    });
    // Not caught above: a listener that fails does not undo the change.
    tell("committed");
    return result;
  };
  return Object.assign(Object.create(db) as Db, { transaction });
}
