/** Who is asking, as the token says. */
export interface Caller {
  readonly userId: string;
  /** `users.row_uuid` of the account. Rights go by it: a later user may have the same id. */
  readonly userUuid: string;
  readonly userName: string;
  /** Global administrator: sees and may change everything. */
  readonly isAdmin: boolean;
  readonly projectId: string;
  readonly role: string;
  /** May see and change all resources of `projectId`. */
  readonly isProjectAdmin: boolean;
}
