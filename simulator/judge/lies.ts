import type { Quota } from '../rate-headers.ts';
import type { Lie } from './settings.ts';

type Headers = Readonly<Record<string, string>>;

/** Those that hold for a token's n-th request. */
export const liesAt = (lies: readonly Lie[], number: number): readonly Lie[] =>
  lies.length === 0 ? lies : lies.filter((lie) => number >= lie.from && number <= (lie.to ?? Infinity));

/** A quota as it is told. */
export function twisted(quota: Quota, lies: readonly Lie[], ok: boolean): Quota {
  return lies.reduce<Quota>((so, lie) => {
    if (lie.kind === 'contradict') return { ...so, remaining: ok ? 0 : so.limit };
    if (lie.kind === 'hugeReset') return { ...so, resetMs: lie.resetSecs * 1000 };
    return so;
  }, quota);
}

/** The limit headers as they are sent; `Retry-After` is no matter of these. */
export function spoiled(headers: Headers, lies: readonly Lie[], number: number): Headers {
  if (lies.some((lie) => lie.kind === 'vanish')) return {};
  if (!lies.some((lie) => lie.kind === 'garbage')) return headers;
  return Object.fromEntries(
    Object.keys(headers).map((name, at) => [name, garbage[(number + at) % garbage.length] ?? '']),
  );
}

const garbage = ['soon', '', '-1', '0x10', '1e999', 'NaN', '12,5', '"default";r=;t=x', '9'.repeat(400)] as const;
