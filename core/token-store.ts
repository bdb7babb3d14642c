/** What OAuth2 keeps between requests, processes and restarts. The adapter encrypts it at rest. */
export interface StoredToken {
  readonly accessToken: string;
  /** null: the partner did not say; it is used until it is refused. */
  readonly expiresAtMs: number | null;
  readonly refreshToken: string | null;
}

export interface TokenAccess {
  readonly read: () => Promise<StoredToken | undefined>;
  /** Durable when it resolves, whatever becomes of the process then. */
  readonly write: (token: StoredToken) => Promise<void>;
}

/** The port of one partner's token. */
export interface TokenStore extends TokenAccess {
  /** One at a time across all processes: a rotated refresh token must never be used twice. Work reads and writes with what it is given. */
  readonly lock: <T>(work: (token: TokenAccess) => Promise<T>) => Promise<T>;
}
