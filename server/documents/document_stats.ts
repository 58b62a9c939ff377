/** What has happened to those who watch documents. */
export interface DocumentStats {
  /**
   * Positions, and other events of somebody, that a later one has replaced before
   * their reader had them.
   */
  readonly coalesced: number;
  /** How often a reader was so far behind that it was told a state anew. */
  readonly statesResent: number;
}

/** Counts it. */
export class DocumentTally implements DocumentStats {
  /** See {@linkcode DocumentStats}. */
  coalesced = 0;
  /** See {@linkcode DocumentStats}. */
  statesResent = 0;
}
