import { parseDuration } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { AuthCache } from '../../definitions/auth.ts';
import type { KnownSecrets } from '../known-secrets.ts';

/** How secrets of the cache are named. */
export const FROM_CACHE = 'auth.cache.';

/** What an auth function keeps between requests. */
export function authCache({ known, now }: { readonly known: KnownSecrets; readonly now: () => number }): AuthCache {
  const kept = new Map<string, { readonly value: unknown; readonly untilMs: number }>();
  return {
    get: (key) => {
      const found = kept.get(key);
      if (found === undefined || now() < found.untilMs) return found?.value;
      kept.delete(key);
      return undefined;
    },
    set: (key, value, { ttl } = {}) => {
      const ttlMs = ttl === undefined ? Number.POSITIVE_INFINITY : parseDuration(ttl);
      if (ttlMs === undefined)
        throw new InvalidInput(`cache.set(${JSON.stringify(key)}): expected a ttl such as 30s, 50m or 1d`);
      if (typeof value === 'string') known.note(`${FROM_CACHE}${encodeURIComponent(key)}`, value);
      kept.set(key, { value, untilMs: now() + ttlMs });
    },
    delete: (key) => void kept.delete(key),
  };
}
