/** The common fields of datasets, clusters and checkpoints. */
export interface Owned {
  uuid: string;
  name: string;
  visibility: string;
  owner_id: string;
  project_id: string;
  /** UTC, `YYYY-MM-DD HH:MM:SS`. */
  created_at: string;
}
