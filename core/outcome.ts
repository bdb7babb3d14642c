import { balances, type Counts } from './counts.ts';
import type { Outcome } from './names.ts';

export interface Evidence {
  readonly counts: Counts;
  readonly errorBudget: { readonly count: number; readonly share: number };
  /** How many records the partner said there are, if it did. */
  readonly partnerTotal: number | null;
  /** How many of the records differ by their keys; null: not counted. */
  readonly distinct: number | null;
  /** Why the listing may go on behind its end. */
  readonly doubt?: string | undefined;
  /** Whether the run read all there is, so that its row count can be compared. */
  readonly fullListing: boolean;
  /** Fetched by the last complete run, if the stream had one. */
  readonly lastFetched: number | null;
  /** Calls that a rule told us to skip. */
  readonly skipped: number;
  readonly pages: number;
  /** The partner said that nothing has changed since the last complete run. */
  readonly notModified: boolean;
}

/** A full listing that shrinks by more than this share is suspect. */
const SUSPICIOUS_DROP = 0.5;

/** The outcome of a stream that was read to its end, and why it is not `ok`. Green only when everything adds up. */
export function outcomeOf(evidence: Evidence): { readonly outcome: Outcome; readonly reasons: readonly string[] } {
  const { counts, errorBudget } = evidence;
  const failed: string[] = [];
  if (!balances(counts)) failed.push('the balance does not add up: this is a fault of Syncline, please report it');
  if (counts.quarantined > errorBudget.count)
    failed.push(`${counts.quarantined} quarantined records exceed the error budget of ${errorBudget.count}`);
  else if (counts.quarantined > 0 && counts.quarantined > counts.fetched * errorBudget.share)
    failed.push(
      `${counts.quarantined} of ${counts.fetched} records quarantined exceed the error budget of ${percent(errorBudget.share)}`,
    );
  if (failed.length > 0) return { outcome: 'failed', reasons: failed };

  const suspect = suspicions(evidence);
  if (suspect.length > 0) return { outcome: 'suspect', reasons: suspect };
  if (counts.quarantined > 0)
    return {
      outcome: 'partial',
      reasons: [
        counts.quarantined === 1 ? '1 record is in quarantine' : `${counts.quarantined} records are in quarantine`,
      ],
    };
  return { outcome: 'ok', reasons: [] };
}

function suspicions(evidence: Evidence): string[] {
  const { counts, partnerTotal, distinct, doubt, fullListing, lastFetched, skipped, pages, notModified } = evidence;
  if (notModified) return [];
  const found: string[] = [];
  const came = distinct ?? counts.fetched;
  if (partnerTotal !== null && came < partnerTotal)
    found.push(
      `the partner says ${partnerTotal} records, ${came} came${came < counts.fetched ? ` (${counts.fetched - came} of them more than once)` : ''}`,
    );
  if (doubt !== undefined) found.push(doubt);
  if (skipped > 0 && skipped === pages) found.push(`all ${skipped} calls were skipped by a rule`);
  if (fullListing && lastFetched !== null && lastFetched > 0) {
    if (counts.fetched === 0) found.push(`no record at all, ${lastFetched} the last time`);
    else if (counts.fetched < lastFetched * (1 - SUSPICIOUS_DROP))
      found.push(`${counts.fetched} records, ${lastFetched} the last time`);
  }
  return found;
}

const percent = (share: number): string => `${(share * 100).toFixed(share < 0.01 ? 2 : 0)} %`;

/** The outcome of a run from those of its streams. */
export function outcomeOfRun(streams: readonly Outcome[]): Outcome {
  const has = (outcome: Outcome): boolean => streams.includes(outcome);
  if (streams.length > 0 && streams.every((outcome) => outcome === 'failed')) return 'failed';
  if (has('failed') || has('partial')) return 'partial';
  if (has('suspect')) return 'suspect';
  if (has('deferred')) return 'deferred';
  return 'ok';
}
