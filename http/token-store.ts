import type { StoredToken, TokenAccess, TokenStore } from '../core/token-store.ts';

/** For tests and for `partners check`: forgotten when the process ends. */
export function createMemoryTokenStore(first?: StoredToken): TokenStore {
  let token = first;
  let last: Promise<unknown> = Promise.resolve();
  const access: TokenAccess = {
    read: async () => token,
    write: async (next) => {
      token = next;
    },
  };
  return {
    ...access,
    lock: (work) => {
      const mine = last.then(() => work(access));
      last = mine.catch(() => undefined);
      return mine;
    },
  };
}
