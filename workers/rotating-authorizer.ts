import type { PageRequest } from '../core/page.ts';
import type { Environment } from '../definitions/interpolate.ts';
import type { Secrets } from '../definitions/secrets.ts';
import type { Authorizer } from '../http/auth.ts';

export interface Rotating {
  readonly secrets: Secrets;
  /** What the definition took from secrets that may change. */
  readonly taken: Environment;
  readonly authorizer: Authorizer;
  /** The definition's credentials made anew, with the secrets of now. */
  readonly remake: () => Promise<{ readonly authorizer: Authorizer; readonly taken: Environment }>;
}

/** Looks at each request whether a secret has changed, and again when the partner refuses one. */
export function rotatingAuthorizer({ secrets, taken, authorizer, remake }: Rotating): Authorizer {
  if (Object.keys(taken).length === 0) return authorizer;
  const preparedBy = new WeakMap<PageRequest, Authorizer>();
  const usedBy = new WeakMap<PageRequest, Authorizer>();
  let current = { authorizer, taken };
  let remaking: Promise<void> | undefined;

  const keepUp = async (): Promise<void> => {
    if (await isCurrent(secrets, current.taken)) return;
    // Many requests at once see the change: one makes the credentials anew. What cannot be made leaves the old ones.
    remaking ??= remake()
      .then(
        (made) => void (current = made),
        () => {},
      )
      .finally(() => (remaking = undefined));
    await remaking;
  };

  return {
    canRefresh: true,
    ...(authorizer.placed === undefined ? {} : { placed: authorizer.placed }),
    prepare: async (request, permitted) => {
      await keepUp();
      const { authorizer: using } = current;
      await using.prepare?.(request, permitted);
      preparedBy.set(request, using);
    },
    authorize: async (request) => {
      if (!preparedBy.has(request)) await keepUp();
      const used = preparedBy.get(request) ?? current.authorizer;
      preparedBy.delete(request);
      usedBy.set(request, used);
      return used.authorize(request);
    },
    refresh: async (request, permitted) => {
      secrets.forget();
      await keepUp();
      const used = request === undefined ? undefined : usedBy.get(request);
      if (used !== undefined && used !== current.authorizer) return true;
      return current.authorizer.canRefresh && current.authorizer.refresh(request, permitted);
    },
    secrets: async (names, permitted) => {
      if (names.length > 0) await keepUp();
      return current.authorizer.secrets(names, permitted);
    },
  };
}

/** True also while a secret cannot be read, or is empty: a file may be in the middle of being replaced. */
export async function isCurrent(secrets: Secrets, taken: Environment): Promise<boolean> {
  const names = Object.keys(taken);
  if (names.length === 0) return true;
  const { env } = await secrets.read(names).catch(() => ({ env: {} as Environment }));
  return names.every((name) => (env[name] ?? '') === '' || env[name] === taken[name]);
}
