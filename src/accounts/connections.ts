import type { Caller } from "./caller.ts";

/** What lasts longer than the check of its token: a websocket, a request that waits, a stream of events. */
export interface Connection {
  kind: "socket" | "wait" | "events";
  userId: string;
  /** See `Caller`. */
  userUuid: string;
  projectId: string;
  /** Of the API key, if it was opened with one. */
  keyUuid: string | undefined;
  /** Of a websocket: the name of its target, e.g. `cluster`. */
  target?: string;
  /** Ends the connection after its right was revoked, and tells the client the reason. */
  end(reason: string): void;
}

/** Whose connection it is. */
export const holderOf = ({ userId, userUuid, projectId, key }: Caller) => ({
  userId,
  userUuid,
  projectId,
  keyUuid: key?.uuid,
});

/** Upper bounds on the connections of one kind. */
interface Bounds {
  user: number;
  project?: number;
  total?: number;
}

/** A project may take half of the places, a user a quarter. */
export function sharesOf(total: number): Required<Bounds> {
  return { user: Math.ceil(total / 4), project: Math.ceil(total / 2), total };
}

/** Open connections, which end together with their user, assignment or API key. */
export class Connections {
  readonly #open = new Set<Connection>();

  /** Returns false and adds nothing when there are already as many of its kind as possible. */
  add(connection: Connection, { user, project = Infinity, total = Infinity }: Bounds): boolean {
    let [ofUser, ofProject, ofAll] = [0, 0, 0];
    for (const { kind, userUuid, projectId } of this.#open) {
      if (kind !== connection.kind) continue;
      ofAll += 1;
      if (userUuid === connection.userUuid) ofUser += 1;
      if (projectId === connection.projectId) ofProject += 1;
    }
    if (ofUser >= user || ofProject >= project || ofAll >= total) return false;
    this.#open.add(connection);
    return true;
  }

  remove(connection: Connection): void {
    this.#open.delete(connection);
  }

  /** Number of open connections, of one user or of all users. */
  count(userUuid?: string): number {
    if (userUuid === undefined) return this.#open.size;
    return [...this.#open].filter((connection) => connection.userUuid === userUuid).length;
  }

  /** Number of websockets. */
  countByTarget(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { target } of this.#open) if (target !== undefined) counts.set(target, (counts.get(target) ?? 0) + 1);
    return counts;
  }

  /** Ends the user's connections, in all projects or in one. */
  end(userUuid: string, projectId?: string): void {
    for (const connection of this.#open) {
      if (connection.userUuid !== userUuid) continue;
      if (projectId !== undefined && connection.projectId !== projectId) continue;
      connection.end("the user or the assignment was removed");
    }
  }

  /** Ends all connections in a deleted project. */
  endProject(projectId: string): void {
    for (const connection of this.#open) {
      if (connection.projectId === projectId) connection.end("the user or the assignment was removed");
    }
  }

  /** Ends the connections that were opened with this API key. */
  endKey(keyUuid: string): void {
    for (const connection of this.#open) if (connection.keyUuid === keyUuid) connection.end("the API key was revoked");
  }

  /** Lets all requests that wait be answered, and ends the streams of events. */
  endWaits(): void {
    for (const each of this.#open) if (each.kind !== "socket") each.end("the server stops");
  }

  /** Ends the connections of all users. */
  endAll(reason: string): void {
    for (const connection of this.#open) connection.end(reason);
  }
}
