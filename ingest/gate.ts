/** A caller whose request may go on. */
export interface Admitted {
  readonly name: string;
  /** 0 goes first. */
  readonly priority: 0 | 1 | 2;
  mayPush(partner: string, stream: string): boolean;
  /** What its answer says of limits. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What is known of who asks before anything of the body is read. */
export interface Knock {
  readonly authorization: string | undefined;
  /** Where it comes from, behind the proxies that are trusted. */
  readonly address: string;
  /** SHA-256 of the client certificate, as Node writes it. */
  readonly certificate: string | undefined;
}

export interface Gate {
  /** Rejects with a Refusal. */
  admit(knock: Knock): Promise<Admitted>;
  /** What became of the request: repeated mistakes have a block follow. */
  tell?(admitted: Admitted | undefined, status: number): void;
}
