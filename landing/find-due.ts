import type { ClientBase, Pool } from 'pg';
import { keepsRows, knowsDeletes } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { KeptLog } from '../definitions/keep.ts';
import type { Horizon } from '../store/retention/horizon.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { beforeOf } from './apply-differences.ts';

export interface DueAsked {
  readonly stream: CompiledStream;
  readonly kept: KeptLog;
  readonly horizon: Horizon;
}

/** Lines of the log that may go: another one has taken the place of each, and a rule says that it is old enough. */
export interface Due {
  readonly lines: number;
  /** Roughly what they take. */
  readonly bytes: number;
}

/** Roughly what a line takes beside its key, its version and its payload: headers, numbers, times, the index. */
const LINE = 140;

/** Counts what may go, and with `note` writes down which lines that are. It reads the log once, and locks nobody. */
export async function findDue(
  client: Pool | ClientBase,
  asked: DueAsked,
  { note }: { readonly note: boolean },
): Promise<Due> {
  const { kept, horizon } = asked;
  const { streamId, upTo, aged } = horizon;
  const values = [streamId, upTo, Math.min(upTo, aged), kept.versionsPerKey ?? null, kept.size ?? null];
  const due = await dueLines(client, asked);
  if (!note) {
    const { rows } = await client.query<{ lines: string; bytes: string }>(
      `${due} select count(*) as lines, coalesce(sum(bytes), 0) as bytes from due`,
      values,
    );
    return dueOf(rows[0]);
  }
  await client.query('delete from log_due where stream_id = $1', [streamId]);
  const { rows } = await client.query<{ lines: string; bytes: string }>(
    `${due}, noted as (insert into log_due (stream_id, event, instead) select $1, event, instead from due)
      select count(*) as lines, coalesce(sum(bytes), 0) as bytes from due`,
    values,
  );
  return dueOf(rows[0]);
}

const dueOf = (row: { readonly lines: string; readonly bytes: string } | undefined): Due => ({
  lines: Number(row?.lines),
  bytes: Number(row?.bytes),
});

/**
 * In SQL: what may go, as `due`. Whoever folds the log up to the horizon comes to the same rows without these lines, and so does whoever folds all of it.
 * What the rows of the table stand for stays in any case, also where an older definition chose it.
 */
async function dueLines(client: Pool | ClientBase, { stream, kept, horizon }: DueAsked): Promise<string> {
  const { streamId } = horizon;
  const tables = [targetOf(stream), beforeOf(stream, streamId)];
  const shown: string[] = [];
  for (const table of tables)
    if ((await readTable(client, table)) !== undefined)
      shown.push(`not exists (select from ${table} t where t._event = c.event)`);
  const whole = kept.versionsPerKey !== undefined || kept.size !== undefined;
  return `with lines as (${candidates(stream, streamId, whole ? '' : 'where e.event <= $3')}),
    old as (
      select c.event, c.instead, c.bytes, c.event <= $3 or coalesce(c.nth > $4::integer, false) as ruled,
          sum(c.bytes) over (order by c.event) - c.bytes as before
        from lines c where c.goes and c.event <= $2 and ${shown.join(' and ')}),
    due as (
      select event, instead, bytes from old
        where ruled or coalesce(before < (select sum(bytes) from lines) - $5::bigint, false))`;
}

/**
 * In SQL: each line with whether another one has taken its place, and which. A line that is late, or waited, changes no table; of a key the last record
 * that came counts, and every word since that it is gone, since the log does not say which of those was late. A record whose row is kept although it is gone is still shown.
 */
function candidates(stream: CompiledStream, streamId: number, where: string): string {
  const bytes = `${LINE} + pg_column_size(e.payload) + coalesce(octet_length(e.key), 0) + coalesce(octet_length(e.version), 0) as bytes`;
  const settled = `(e.operation = 'x' or e.operation = 'w'
      and not exists (select from waiting w where w.stream_id = $1 and w.event = e.event and w.status = 'waiting'))`;
  const replaces = stream.definition.disposition === 'replace';
  if (stream.keyColumns.length === 0)
    return `select e.event, ${bytes}, null::bigint as instead, null::bigint as nth,
        ${settled} or e.operation = 'u' and e.key is null and e.event < (select coalesce(min(t._event), s.swept) from streams s left join ${targetOf(stream)} t on true
          where s.stream_id = $1 group by s.swept) as goes
      from events_${streamId} e ${where}`;
  // A listing takes effect when it has ended; one that was given up never did.
  const came = replaces ? ` and r.sweep > 0 and r.sweep <= $2` : '';
  const runs = replaces
    ? ` left join pages p on p.stream_id = $1 and p.page_id = e.page left join stream_runs r on r.stream_id = $1 and r.run_no = p.run_no`
    : '';
  const buries = knowsDeletes(stream) && !keepsRows(stream);
  const graves = buries ? ' left join tombstones g on g.stream_id = $1 and g.key = l.key and g.event <= $2' : '';
  // Rows that are kept show the last of the late ones, and which one that is depends on those before it.
  const filling = keepsRows(stream)
    ? ` or l.operation = 's' and l.last_d > coalesce(l.last_u, 0) and l.event > coalesce(l.last_u, 0)`
    : '';
  // An undo may be taken back: whatever there is of a key that it touched stays.
  const gone = replaces ? 'l.last_d' : buries ? 'g.event' : 'null';
  return `select l.event, l.bytes, l.nth, i.instead, l.settled or coalesce(i.instead > l.event or l.operation = 's', false) and i.instead is not null as goes
    from (select e.event, e.key, e.operation, ${settled} as settled, ${bytes},
        max(e.event) filter (where e.operation = 'u' and e.event <= $2${came}) over of_key as last_u,
        max(e.event) filter (where e.operation = 'd' and e.event <= $2${came}) over of_key as last_d,
        bool_or(e.operation in ('U', 'S', 'D', 'W')) over of_key as undone,
        row_number() over (partition by e.key order by e.event desc) as nth
      from events_${streamId} e${runs} ${where} window of_key as (partition by e.key)) l${graves}
    cross join lateral (select case
        when l.key is null or l.undone or l.operation not in ('u', 's', 'd')${filling} then null
        when l.operation = 'u' then greatest(l.last_u, ${gone})
        when l.operation = 'd' then l.last_u
        else greatest(l.last_u, l.last_d) end as instead) i`;
}
