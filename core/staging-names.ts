/** Temporary files that a process leaves where it is killed. Each name is written by one place, and known to the janitor. */

/** A folder of a search for duplicates (matching/session.ts). */
export const MATCH_PREFIX = 'syncline-match-';

/** A large answer of a partner, which has this name for a moment only (http/spool.ts). */
export const spoolName = (id: string): string => `syncline-${id}.answer`;

export const isStagingName = (name: string): boolean =>
  name.startsWith(MATCH_PREFIX) || /^syncline-[0-9a-f-]{36}\.answer$/.test(name);
