import type { Refused } from './checkpoint.ts';
import { balances, type Counts } from './counts.ts';
import type { Outcome } from './names.ts';

export interface Evidence {
  readonly counts: Counts;
  /** Of the quarantined records: how many went through, or were dismissed, since. */
  readonly settled?: number;
  readonly errorBudget: { readonly count: number; readonly share: number };
  /** How many records the partner said there are, if it did. */
  readonly partnerTotal: number | null;
  /** How many of the records differ by their keys; null: not counted. */
  readonly distinct: number | null;
  /** Why the listing may go on behind its end. */
  readonly doubt?: string | undefined;
  /** Why the watermark does not move although records came. */
  readonly stalled?: string | undefined;
  /** The key of a stream that was never read before, where it may be that records of two parents share it. */
  readonly sharedKeys?: string | undefined;
  /** Calls per parent that the partner refused for good: what they stand for did not come. */
  readonly refused?: Refused | undefined;
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

/** In a stream that was never read before, hardly a record is changed while it is read. */
const SUSPICIOUS_SHARE = 0.5;

/** A full listing that shrinks by more than this share is suspect. */
const SUSPICIOUS_DROP = 0.5;

/** The outcome of a stream that was read to its end, and why it is not `ok`. Green only when everything adds up. */
export function outcomeOf(evidence: Evidence): { readonly outcome: Outcome; readonly reasons: readonly string[] } {
  const { counts, errorBudget, settled = 0 } = evidence;
  const held = counts.quarantined - settled;
  const failed: string[] = [];
  if (!balances(counts)) failed.push('the balance does not add up: this is a fault of Syncline, please report it');
  if (held > errorBudget.count)
    failed.push(`${held} quarantined records exceed the error budget of ${errorBudget.count}`);
  else if (held > 0 && held > counts.fetched * errorBudget.share)
    failed.push(
      `${held} of ${counts.fetched} records quarantined exceed the error budget of ${percent(errorBudget.share)}`,
    );
  const { refused, pages, fullListing } = evidence;
  if (refused !== undefined && refused.count === pages) failed.push(refusals(refused));
  if (failed.length > 0) return { outcome: 'failed', reasons: failed };

  const missing = refused === undefined ? [] : [refusals(refused)];
  const suspect = suspicions(evidence);
  // A full listing says what is gone, and this one cannot.
  if (suspect.length > 0 || (fullListing && missing.length > 0))
    return { outcome: 'suspect', reasons: [...suspect, ...missing] };
  if (held > 0) missing.push(held === 1 ? '1 record is in quarantine' : `${held} records are in quarantine`);
  if (missing.length > 0) return { outcome: 'partial', reasons: missing };
  return { outcome: 'ok', reasons: [] };
}

const refusals = ({ count, first }: Refused): string =>
  `${count === 1 ? 'the call of one parent was' : `the calls of ${count} parents were`} refused and skipped, the first: ${first}`;

function suspicions(evidence: Evidence): string[] {
  const {
    counts,
    partnerTotal,
    distinct,
    doubt,
    stalled,
    sharedKeys,
    fullListing,
    lastFetched,
    skipped,
    pages,
    notModified,
  } = evidence;
  if (notModified) return [];
  const found: string[] = [];
  const came = distinct ?? counts.fetched;
  if (partnerTotal !== null && came < partnerTotal)
    found.push(
      `the partner says ${partnerTotal} records, ${came} came${came < counts.fetched ? ` (${counts.fetched - came} of them more than once)` : ''}`,
    );
  if (doubt !== undefined) found.push(doubt);
  if (stalled !== undefined) found.push(stalled);
  if (sharedKeys !== undefined && counts.updated > counts.fetched * SUSPICIOUS_SHARE)
    found.push(
      `${counts.updated} of ${counts.fetched} records replaced another one of the same key (${sharedKeys}): where parents number their records alike, write include under parent, and put what it adds into the primaryKey`,
    );
  if (skipped > 0 && skipped === pages) found.push(`all ${skipped} calls were skipped by a rule`);
  const { fetched } = counts;
  if (fullListing && lastFetched !== null && hasShrunk({ fetched, lastFetched }))
    found.push(shrunkWords({ fetched, lastFetched }));
  return found;
}

interface Shrunk {
  readonly fetched: number;
  /** Of the run that it is compared with. */
  readonly lastFetched: number;
}

/** Of a full listing: a person may accept it (store/ledger/accept-count.ts). */
export const hasShrunk = ({ fetched, lastFetched }: Shrunk): boolean => fetched < lastFetched * (1 - SUSPICIOUS_DROP);

export const shrunkWords = ({ fetched, lastFetched }: Shrunk): string =>
  `${fetched === 0 ? 'no record at all' : `${fetched} records`}, ${lastFetched} the last time`;

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

interface StreamEnd {
  readonly stream: string;
  readonly outcome: Outcome | null;
  readonly reason: string | null;
}

/** Why a run is not `ok`, from the reasons of its streams. */
export const reasonOfRun = (streams: readonly StreamEnd[]): string | null =>
  streams.flatMap((end) => (end.reason === null ? [] : [said(end)])).join(SEPARATOR) || null;

/** The reason of a run in which one stream has ended otherwise since; the words of the others stay. */
export function replaceReason(text: string | null, before: StreamEnd, after: StreamEnd): string | null {
  const reason = after.reason === null ? '' : `${said(after)}${SEPARATOR}`;
  return (
    `${SEPARATOR}${text ?? ''}${SEPARATOR}`
      .replace(`${SEPARATOR}${said(before)}${SEPARATOR}`, () => `${SEPARATOR}${reason}`)
      .slice(SEPARATOR.length, -SEPARATOR.length) || null
  );
}

const SEPARATOR = '; ';
const said = ({ stream, outcome, reason }: StreamEnd): string => `${stream} ${outcome}: ${reason}`;
