/** What retention has to do for a partner. */
export interface PrunePartnerInput {
  readonly partner: string;
  readonly streams: readonly string[];
}

export interface PruneStreamInput {
  readonly partner: string;
  readonly stream: string;
}

/** What went of a stream, and what did not. */
export interface PrunedStream {
  readonly stream: string;
  /** Of the log. */
  readonly lines: number;
  /** Roughly what these lines took. */
  readonly bytes: number;
  /** Of the ledger. */
  readonly pages: number;
  readonly pageBytes: number;
  /** Records that had waited. */
  readonly waited: number;
  /** Of the quarantine. */
  readonly entries: number;
  /** What the log takes on disk, with its index and with the room that lines have left. */
  readonly logOnDisk: number;
  /** Why lines of the log stay that are old enough, in words; null: none does. */
  readonly stays: string | null;
}

export type PrunePartner = (input: PrunePartnerInput) => Promise<readonly PrunedStream[]>;
