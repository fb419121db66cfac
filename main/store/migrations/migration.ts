/** One step of the schema. Steps are never edited once released; a change is a new step. */
export interface Migration {
  /** The number of its file, and the database's `user_version` afterwards. */
  readonly version: number;
  readonly name: string;
  readonly sql: string;
}
