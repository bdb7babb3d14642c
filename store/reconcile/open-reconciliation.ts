import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { ReconcileLevel } from '../../core/reconcile.ts';
import { forgetGathered } from './forget-gathered.ts';

export interface OpenReconciliation {
  readonly stream: LandedStream;
  /** Workflow id. */
  readonly reconciliation: string;
  readonly level: ReconcileLevel;
  /** ISO times; null: all there is. */
  readonly range: { readonly from: string; readonly to: string } | null;
  readonly sample: number | null;
}

/** Records the reconciliation, or finds it again, and forgets what earlier ones of the stream that failed had still kept. */
export async function openReconciliation(pool: Pool, input: OpenReconciliation): Promise<void> {
  const { stream, reconciliation, level, range, sample } = input;
  const { rows } = await pool.query<{ stream_id: number; watermark: string | null; read: boolean }>(
    `select stream_id, watermark, exists (select from stream_runs r where r.stream_id = s.stream_id and r.outcome in ('ok', 'partial')
        and r.kind not in ('replay', 'fetch')) as read
      from streams s where partner = $1 and name = $2`,
    [stream.partner.name, stream.name],
  );
  const [known] = rows;
  if (known?.read !== true || (stream.definition.incremental !== undefined && known.watermark === null))
    throw new InvalidInput(
      `no sync of ${stream.partner.name} ${stream.name} has ended well yet: \`syncline sync ${stream.partner.name} ${stream.name}\` first`,
    );
  // What one that failed had settled is found again. It goes on now, whatever it waited for when it failed: in one statement, because who reads between
  // the two would see one that runs, and waits.
  await pool.query(
    `with opened as (insert into reconciliations (reconciliation, stream_id, level, range_from, range_to, sample, definition_version)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (reconciliation) do update set state = 'running', verdict = null, reason = null, finished_at = null
          where reconciliations.state = 'failed' returning reconciliation),
      goes_on as (update reconcile_listings set deferred_until = null where reconciliation = $1)
      delete from reconcile_findings f using opened where f.reconciliation = opened.reconciliation`,
    [reconciliation, known.stream_id, level, range?.from ?? null, range?.to ?? null, sample, stream.definitionVersion],
  );
  await forgetGathered(pool, { streamId: known.stream_id, except: reconciliation });
}
