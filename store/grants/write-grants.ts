import type { Pool } from 'pg';
import type { BegunGrant, EndedGrant, GrantLog } from '../../core/grant-log.ts';
import { permitWaits } from '../../core/grant-waits.ts';

/**
 * Notes grants in the table `grants`. The beginning is written while the grant goes on; nobody waits for the disk. What cannot be written is left out:
 * the run itself matters more.
 */
export const grantLog = (pool: Pool): GrantLog => ({
  begin: (grant) => {
    const number = insert(pool, grant).catch(() => undefined);
    return {
      end: async (how) => {
        const no = await number;
        if (no !== undefined) await update(pool, { ...grant, number: no }, how).catch(() => {});
      },
    };
  },
});

const quick = `quick as materialized (select set_config('synchronous_commit', 'off', true))`;

/**
 * The time since the last grant is divided: until the run might have gone on it waited for what that one has said, and then for a worker. One
 * without an end was lost when it was last heard of, by its commits.
 */
const INSERT = `with ${quick}, told as (
    select r.stream_id, r.run_no, coalesce(p.number, 0) + 1 as number, p.number is not null and not $6::boolean as follows,
        coalesce(p.ended_at, greatest(p.given_at, least(r.updated_at, $3::timestamptz))) as since,
        case when p.ended_at is null then 'lost' else p.waits_for end as reason, p.until
      from quick, stream_runs r left join lateral (select number, given_at, ended_at, waits_for, until from grants g
        where g.stream_id = r.stream_id and g.run_no = r.run_no order by g.number desc limit 1) p on true
      where r.stream_id = $1 and r.run_no = $2
  ), waited as (
    select *, case when not follows then $3::timestamptz when reason is null then since else greatest(since, least($3::timestamptz, coalesce(until, $3::timestamptz))) end as ready from told
  )
  insert into grants (stream_id, run_no, number, asked_at, given_at, workflow_run_id, attempt, waited_for, waited_ms, queued_ms)
    select stream_id, run_no, number, $3::timestamptz, $4::timestamptz, $5, $7, case when follows then reason end,
        case when follows then round(extract(epoch from ready - since) * 1000) else 0 end, greatest(0, round(extract(epoch from $4::timestamptz - ready) * 1000))
      from waited
    on conflict do nothing returning number`;

/** Twice: an owner that was lost and the next one may begin at once. */
async function insert(pool: Pool, grant: BegunGrant, tries = 2): Promise<number | undefined> {
  const { streamId, runNo, askedAtMs, givenAtMs, workflowRunId, reopened, attempt } = grant;
  const { rows } = await pool.query<{ number: number }>({
    name: 'begin grant',
    text: INSERT,
    values: [
      streamId,
      runNo,
      new Date(Math.min(askedAtMs, givenAtMs)).toISOString(),
      new Date(givenAtMs).toISOString(),
      workflowRunId,
      reopened,
      attempt,
    ],
  });
  return rows[0]?.number ?? (tries > 1 ? insert(pool, grant, tries - 1) : undefined);
}

const waits = permitWaits.map((reason) => `${reason}_ms`);
const MOST_CAUSE = 500;

const UPDATE = `with ${quick} update grants set ended_at = $4, ended = $5, pages = $6, records = $7, requests = $8, waits_for = $9, until = $10, cause = $11,
    ${waits.map((column, at) => `${column} = $${12 + at}`).join(', ')}
  from quick where stream_id = $1 and run_no = $2 and number = $3`;

const update = (
  pool: Pool,
  { streamId, runNo, number }: Pick<BegunGrant, 'streamId' | 'runNo'> & { readonly number: number },
  how: EndedGrant,
): Promise<unknown> =>
  pool.query({
    name: 'end grant',
    text: UPDATE,
    values: [
      streamId,
      runNo,
      number,
      new Date(how.endedAtMs).toISOString(),
      how.ended,
      how.pages,
      how.records,
      how.requests,
      how.waitsFor,
      how.until,
      how.cause?.replaceAll('\0', '').slice(0, MOST_CAUSE) ?? null,
      ...permitWaits.map((reason) => Math.min(how.waited[reason] ?? 0, 2 ** 31 - 1)),
    ],
  });
