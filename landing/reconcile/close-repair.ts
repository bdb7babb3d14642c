import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { readRepair } from '../../store/reconcile/repairs.ts';
import { transaction } from '../../store/session/transaction.ts';
import { headsOf } from './heads-sql.ts';
import { readHeads } from './read-heads.ts';

export interface CloseRepair {
  readonly stream: CompiledStream;
  readonly syncId: string;
  /** Why it could not be done; null: it was. */
  readonly broken: string | null;
}

/** How many findings of the repair's kinds are repaired now, and how many stay as they were. */
export interface Repaired {
  readonly repaired: number;
  readonly left: number;
}

/** A finding is repaired once the store has learned of its key since. Repeating it changes nothing. */
export async function closeRepair(pool: Pool, { stream, syncId, broken }: CloseRepair): Promise<Repaired> {
  return transaction(pool, async (client) => {
    const { reconciliation, kinds } = await readRepair(client, syncId);
    const { rows } = await client.query<{ stream_id: number }>(
      'select stream_id from reconciliations where reconciliation = $1 for update',
      [reconciliation],
    );
    const streamId = rows[0]?.stream_id as number;
    await readHeads(client, { stream, streamId, range: null });
    const { rows: counted } = await client.query<Repaired>(
      `with changed as (
          update reconcile_findings f set settled_at = now(), state = case when c.done then 'repaired' else f.state end,
              why = case when c.done then 'repaired' when $4 then f.why else 'reading it again changed nothing' end
            from (select g.key_hash, case when g.kind = 'extra' then h.key is null or h.gone
                  else h.key is not null and h.event is distinct from g.event end as done
                from reconcile_findings g left join ${headsOf(streamId)} h on h.key = g.key
                where g.reconciliation = $1 and g.state = 'open' and g.kind = any ($2)) c
            where f.reconciliation = $1 and f.key_hash = c.key_hash
            returning c.done)
        update reconcile_repairs set state = case when $4 then 'failed' else 'done' end, reason = $5, finished_at = now()
          where sync_id = $3
          returning (select count(*)::integer from reconcile_findings where reconciliation = $1 and kind = any ($2) and state = 'repaired')
            + (select count(*)::integer from changed where done) as repaired,
            (select count(*)::integer from changed where not done) as left`,
      [reconciliation, kinds, syncId, broken !== null, broken],
    );
    return counted[0] as Repaired;
  });
}
