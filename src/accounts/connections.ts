/** A websocket: a connection that outlives the request that opened it. */
export interface Connection {
  userId: string;
  /** See `Caller`. */
  userUuid: string;
  projectId: string;
  /** Name of the websocket target, e.g. `cluster`. */
  target: string;
  /** Closes the connection after its right was revoked, and tells the client the reason. */
  end(reason: string): void;
}

/** Open connections, which end together with their user or assignment. */
export class Connections {
  readonly #open = new Set<Connection>();

  /** Returns false and adds nothing when the user already has `ofUserMax` open connections. */
  add(connection: Connection, ofUserMax: number): boolean {
    if (this.count(connection.userUuid) >= ofUserMax) return false;
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

  countByTarget(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { target } of this.#open) counts.set(target, (counts.get(target) ?? 0) + 1);
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

  /** Ends the connections of all users. */
  endAll(reason: string): void {
    for (const connection of this.#open) connection.end(reason);
  }
}
