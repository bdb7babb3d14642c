import type { Reading } from '../../../core/quota.ts';
import { limitProfile } from '../../../definitions/limit-profile.ts';
import type { LimitsInput } from '../../../http/profiles/profile.ts';
import { readLimits } from '../../../http/profiles/read-limits.ts';

export const nowMs = Date.parse('2026-11-24T10:00:00Z');
export const HOUR = 3_600_000;
export type Headers = Readonly<Record<string, string>>;

export interface Answered extends Partial<Omit<LimitsInput, 'body' | 'profile'>> {
  readonly json?: unknown;
  readonly body?: () => unknown;
  /** As a person writes it. */
  readonly profile?: unknown;
}

export function read({
  json,
  text = json === undefined ? '' : JSON.stringify(json),
  profile,
  ...more
}: Answered): Reading {
  return readLimits({
    status: 200,
    headers: {},
    text,
    body: () => {
      try {
        return JSON.parse(text);
      } catch {
        return undefined;
      }
    },
    profile: limitProfile.parse(profile ?? 'auto'),
    nowMs,
    maxWaitMs: HOUR,
    ...more,
  });
}
