/** What OAuth2 keeps between requests, processes and restarts. The adapter encrypts it at rest. */
export interface StoredToken {
  readonly accessToken: string;
  /** null: the partner did not say; it is used until it is refused. */
  readonly expiresAtMs: number | null;
  readonly refreshToken: string | null;
}

/** The port of one partner's token. */
export interface TokenStore {
  readonly read: () => Promise<StoredToken | undefined>;
  /** One at a time across all processes: a rotated refresh token must never be used twice. */
  readonly lock: <T>(work: () => Promise<T>) => Promise<T>;
  /** Durable when it resolves, or at the latest when the lock around it does. */
  readonly write: (token: StoredToken) => Promise<void>;
}

/** For tests and for `partners check`: forgotten when the process ends. */
export function createMemoryTokenStore(first?: StoredToken): TokenStore {
  let token = first;
  let last: Promise<unknown> = Promise.resolve();
  return {
    read: async () => token,
    lock: (work) => {
      const mine = last.then(work);
      last = mine.catch(() => undefined);
      return mine;
    },
    write: async (next) => {
      token = next;
    },
  };
}
