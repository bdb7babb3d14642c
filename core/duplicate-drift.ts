import type { FoundPair } from './duplicates.ts';

/** A field of which a pair says something else than when it was found. */
export interface ChangedField {
  readonly field: string;
  /** Its level then; null: it has no part in the score. */
  readonly was: string | null;
  readonly now: string | null;
}

/** Fields whose level is another one, and those of an exact rule that are no longer the same. */
export function changedFields({
  before,
  now,
  apart,
}: {
  readonly before: FoundPair['levels'];
  readonly now: FoundPair['levels'];
  /** Of the exact rule that found the pair. */
  readonly apart: readonly string[];
}): readonly ChangedField[] {
  const fields = [...new Set([...Object.keys(now), ...apart])];
  return fields.flatMap((field) => {
    const [was, is] = [before[field]?.level ?? null, now[field]?.level ?? null];
    return was !== is || apart.includes(field) ? [{ field, was, now: is }] : [];
  });
}
