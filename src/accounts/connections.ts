/** Something that stays open for a user after the request that opened it: a websocket. */
export interface Connection {
  userId: string;
  /** Of the account, see `Caller`. */
  userUuid: string;
  projectId: string;
  /** What it talks to; one of a few words. */
  target: string;
  /** The right to it is gone; the client learns why. */
  end(reason: string): void;
}

/** Open connections by user, so that they end together with the user or the assignment. */
export class Connections {
  readonly #open = new Set<Connection>();

  /** False, and nothing added, when the user has `ofUserMax` open already. */
  add(connection: Connection, ofUserMax: number): boolean {
    if (this.count(connection.userUuid) >= ofUserMax) return false;
    this.#open.add(connection);
    return true;
  }

  remove(connection: Connection): void {
    this.#open.delete(connection);
  }

  /** How many are open, of one user or of all. */
  count(userUuid?: string): number {
    if (userUuid === undefined) return this.#open.size;
    return [...this.#open].filter((connection) => connection.userUuid === userUuid).length;
  }

  countByTarget(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { target } of this.#open) counts.set(target, (counts.get(target) ?? 0) + 1);
    return counts;
  }

  /** Ends the user's connections: all of them, or those in one project. */
  end(userUuid: string, projectId?: string): void {
    for (const connection of this.#open) {
      if (connection.userUuid !== userUuid) continue;
      if (projectId !== undefined && connection.projectId !== projectId) continue;
      connection.end("the user or the assignment was removed");
    }
  }

  /** Ends all connections in a project that is gone. */
  endProject(projectId: string): void {
    for (const connection of this.#open) {
      if (connection.projectId === projectId) connection.end("the user or the assignment was removed");
    }
  }

  /** Ends all connections, whoever has them. */
  endAll(reason: string): void {
    for (const connection of this.#open) connection.end(reason);
  }
}
