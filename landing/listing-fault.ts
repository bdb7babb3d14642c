import type { PoolClient } from 'pg';
import { readCheckpoint } from '../core/checkpoint.ts';
import { isUnread } from '../store/undo/undos.ts';
import { isReading, type EvidenceRow } from '../store/ledger/evidence.ts';
import type { FinishStream } from './warehouse.ts';

/** A run that has read to its end, under the stream's lock. */
export interface SweptRow extends EvidenceRow {
  readonly last_event: string;
  readonly last_page: string;
  readonly range_from: Date | null;
  readonly range_to: Date | null;
}

/**
 * Why a run that is `ok` all the same does not tell what is gone; undefined: it does. Empty: it is no wonder, and nothing is said of it.
 */
export async function listingFault(
  client: PoolClient,
  { stream, run, row }: Pick<FinishStream, 'stream' | 'run'> & { readonly row: SweptRow },
): Promise<string | undefined> {
  const { kept } = readCheckpoint(row.checkpoint);
  if (row.not_modified || !isReading(row) || kept !== undefined || row.page_no === 0) return '';
  if (row.skipped !== '0') return 'nothing was swept: calls were skipped by a rule';
  const { rows } = await client.query<{ whole: boolean }>(
    `select not exists (select from pages p where p.stream_id = $1 and p.run_no = $2 and p.fetched > 0
        and coalesce(cardinality(p.keys), -1) <> p.fetched) as whole`,
    [run.streamId, run.runNo],
  );
  if (rows[0]?.whole !== true)
    return 'nothing was swept: a part of the listing was read anew, or was read before the definition said `sweep`';
  const { parent, deletes } = stream.definition;
  if (parent === undefined || deletes?.sweep !== true) return undefined;
  const parents = await client.query<{ outcome: string | null }>(
    `select case when exists (select from undos u where u.stream_id = s.stream_id and ${isUnread}) then 'undone' else r.outcome end as outcome
      from streams s join stream_runs r using (stream_id)
      where s.partner = $1 and s.name = $2 and r.kind not in ('replay', 'fetch') order by r.run_no desc limit 1`,
    [stream.partner.name, parent.stream],
  );
  return parents.rows[0]?.outcome === 'ok'
    ? undefined
    : `nothing was swept: the last run of its parents (${parent.stream}) is not ok, or was undone, so some may not have been asked for`;
}
