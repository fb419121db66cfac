/** Frames found so far, and how many are expected (an estimate from the stated length, corrected as it goes). */
export interface IndexProgress {
  readonly done: number;
  readonly total: number;
}

export interface IndexOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: IndexProgress) => void) | undefined;
  /** Decodes every frame even if the container's packets would do, to check one way against the other. */
  readonly decodeAll?: boolean | undefined;
  /** Reads every packet even if the file's own tables would do, for the same reason. */
  readonly readPackets?: boolean | undefined;
}
