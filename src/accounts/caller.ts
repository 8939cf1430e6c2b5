/** The API key of a request. */
export interface CallerKey {
  readonly uuid: string;
  /** The request may do only what both this role and that of the caller allow. */
  readonly role: string;
  readonly expiresMs: number;
}

/** The authenticated caller of a request. */
export interface Caller {
  readonly userId: string;
  /** `users.row_uuid` of the account. Rights depend on it, because a later user may have the same id. */
  readonly userUuid: string;
  readonly userName: string;
  /** Sees and may change everything: a global administrator, unless a key with another role narrows the rights. */
  readonly isAdmin: boolean;
  readonly projectId: string;
  readonly role: string;
  /** May see and change all resources of `projectId`. */
  readonly isProjectAdmin: boolean;
  /** Missing for a token. */
  readonly key?: CallerKey;
}
