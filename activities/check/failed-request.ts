import { explain, GiveUp, NeedsAttention, NoRecords } from '../../core/errors.ts';
import { unverified, wrong, type FindingCode, type Findings, type Subject } from './findings.ts';

/** No waiting mends it. */
export const isRefused = (error: unknown): boolean =>
  error instanceof GiveUp || error instanceof NeedsAttention || error instanceof NoRecords;

/** What a further request that failed means: a mistake, or that something was not seen. */
export function failedRequest(
  error: unknown,
  { about, code, what }: { readonly about: Subject; readonly code: FindingCode; readonly what: string },
): Findings {
  const says = `${what} failed: ${explain(error)}`;
  return isRefused(error) ? wrong(code, says) : unverified(about, says);
}
