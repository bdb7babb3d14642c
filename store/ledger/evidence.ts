import { readCheckpoint } from '../../core/checkpoint.ts';
import { parseWindow } from '../../core/window.ts';
import type { Kind } from '../../core/names.ts';
import type { Evidence } from '../../core/outcome.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { reportColumns, reportOf, type ReportRow } from './report.ts';

/**
 * Records whose keys differ, where the partner says how many there are. Each partition for itself: two parents may well have a
 * child in common.
 */
export const distinctKeys = `case when r.checkpoint::json ->> 'expected' is not null then
    (select count(*) from (select distinct p.slice, p.parents, unnest(p.keys) from pages p
        where p.stream_id = r.stream_id and p.run_no = r.run_no and p.keys is not null) as own)
      + (select coalesce(sum(p.fetched), 0) from pages p
        where p.stream_id = r.stream_id and p.run_no = r.run_no and p.keys is null and p.kind <> 'sweep') end`;

/** Columns of stream_runs (as `r`) that its outcome is made of. */
export const evidenceColumns = `r.checkpoint, r.kind, r.window_label, r.skipped, r.not_modified, r.high_mark,
  coalesce(r.began_at, r.started_at) as began_at, ${distinctKeys} as distinct_keys, ${reportColumns},
  (select fetched from stream_runs before where before.stream_id = r.stream_id and before.run_no < r.run_no
    and (before.outcome in ('ok', 'partial') or before.accepted_at is not null) and not before.not_modified and before.undone_at is null
    and before.kind not in ('replay', 'fetch') order by before.run_no desc limit 1) as last_fetched`;

export interface EvidenceRow extends ReportRow {
  readonly checkpoint: string;
  readonly kind: Kind;
  readonly window_label: string;
  readonly skipped: string;
  readonly not_modified: boolean;
  readonly high_mark: string | null;
  readonly last_fetched: string | null;
  readonly began_at: Date;
  readonly distinct_keys: string | null;
}

/** `found`: what one of its records has in place of the time that should move the watermark. */
export function evidenceOf(row: EvidenceRow, stream: LandedStream, found?: string): Evidence {
  const { expected, doubt, refused, kept } = readCheckpoint(row.checkpoint);
  const lastFetched = row.last_fetched === null ? null : Number(row.last_fetched);
  return {
    counts: reportOf(row, '').counts,
    settled: Number(row.settled),
    errorBudget: stream.definition.errorBudget,
    partnerTotal: expected,
    distinct: row.distinct_keys === null ? null : Number(row.distinct_keys),
    doubt,
    refused,
    stalled: standsStill(row, stream) ? stillness(row, stream, found) : undefined,
    sharedKeys: lastFetched === null && isReading(row) ? keyWithoutParent(stream) : undefined,
    fullListing: isReading(row) && kept === undefined && isFullListing(stream),
    lastFetched,
    skipped: Number(row.skipped),
    pages: row.page_no,
    notModified: row.not_modified,
  };
}

/** Of a stream in which records of two parents may have one key. With a version, each record may well come in many of them. */
function keyWithoutParent({ definition, keyColumns, version }: LandedStream): string | undefined {
  const { parent, primaryKey, disposition } = definition;
  if (parent === undefined || disposition !== 'merge' || keyColumns.length === 0 || version.length > 0)
    return undefined;
  const included = typeof parent.include === 'object' ? Object.values(parent.include) : [parent.include];
  return primaryKey.some((name) => included.includes(name)) ? undefined : primaryKey.join(', ');
}

/** It asked for what the stream has: neither for what is in quarantine, nor for single records. */
export const isReading = ({ kind }: Pick<EvidenceRow, 'kind'>): boolean => kind !== 'replay' && kind !== 'fetch';

/** A run that should have moved the watermark, and none of its records could. */
export const standsStill = (row: EvidenceRow, { definition }: LandedStream): boolean =>
  definition.incremental !== undefined &&
  row.high_mark === null &&
  row.fetched !== '0' &&
  isReading(row) &&
  parseWindow(row.window_label).kind === 'day';

const stillness = ({ fetched }: EvidenceRow, { definition }: LandedStream, found: string | undefined): string =>
  `no time can be read at "${definition.incremental?.field}" in ${fetched === '1' ? 'the record' : `any of the ${fetched} records`}` +
  `${found === undefined ? '' : ` (one has ${found})`}: the watermark stays where it is, and the next run reads all this again; ` +
  'say under `times` how the field is written, or correct incremental.field';

const isFullListing = (stream: LandedStream): boolean =>
  stream.definition.fullListing ??
  (stream.definition.incremental === undefined &&
    stream.definition.parent?.changed === undefined &&
    stream.definition.disposition !== 'append');
