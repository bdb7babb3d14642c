import type { Pool } from 'pg';
import { InvalidInput } from '../../core/errors.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import { hasShrunk, outcomeOf, shrunkWords } from '../../core/outcome.ts';
import { evidenceColumns, evidenceOf, type EvidenceRow } from './evidence.ts';

export interface CountAccepted {
  readonly partner: string;
  readonly stream: string;
  /** Records of that run, which later listings are compared with. */
  readonly fetched: number;
  /** Records of the run before, with which it was compared. */
  readonly before: number;
}

interface Accept {
  /** Id of the stream's run. */
  readonly syncId: string;
  readonly stream: LandedStream;
  readonly by: string;
  readonly reason: string;
}

/**
 * Takes the number of records of a suspect run for right. How that run ended stays as it is; the next one is compared with it. Throws
 * InvalidInput where the run was suspect for another reason: that cannot be accepted.
 */
export async function acceptCount(pool: Pool, { syncId, stream, by, reason }: Accept): Promise<CountAccepted> {
  const { rows } = await pool.query<EvidenceRow & { readonly stream_id: number; readonly run_no: number }>(
    `select r.stream_id, r.run_no, s.name as stream, ${evidenceColumns}
      from stream_runs r join streams s using (stream_id) where r.sync_id = $1`,
    [syncId],
  );
  const row = rows[0];
  if (row === undefined)
    throw new InvalidInput(`${syncId} is not in the ledger yet: wait for its end; \`syncline runs list\` shows runs`);
  const evidence = evidenceOf(row, stream);
  const shrunk = { fetched: evidence.counts.fetched, lastFetched: evidence.lastFetched ?? 0 };
  const { reasons } = outcomeOf(evidence);
  if (row.state !== 'done' || row.outcome !== 'suspect' || !hasShrunk(shrunk) || !reasons.includes(shrunkWords(shrunk)))
    throw new InvalidInput(
      `${syncId} ended ${row.outcome ?? row.state}${row.reason === null ? '' : ` (${row.reason})`}: only a run can be accepted that is suspect because a complete listing has less than half of the records that it had before`,
    );
  const others = reasons.filter((said) => said !== shrunkWords(shrunk));
  if (others.length > 0)
    throw new InvalidInput(
      `${syncId} is suspect for another reason as well, which cannot be accepted: ${others.join('; ')}. Remove that cause, read the stream again, and accept that run if it still has ${shrunk.fetched} records`,
    );
  await pool.query(
    `update stream_runs set accepted_at = now(), accepted_by = $3, accepted_reason = $4
      where stream_id = $1 and run_no = $2 and accepted_at is null`,
    [row.stream_id, row.run_no, by, reason],
  );
  return { partner: stream.partner.name, stream: stream.name, fetched: shrunk.fetched, before: shrunk.lastFetched };
}
