/** The authenticated caller of a request. */
export interface Caller {
  readonly userId: string;
  /** `users.row_uuid` of the account. Rights depend on it, because a later user may have the same id. */
  readonly userUuid: string;
  readonly userName: string;
  /** Global administrator: sees and may change everything. */
  readonly isAdmin: boolean;
  readonly projectId: string;
  readonly role: string;
  /** May see and change all resources of `projectId`. */
  readonly isProjectAdmin: boolean;
}
