import type { ClientBase } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { ReadRun } from './undo-reading.ts';

export interface RunOfStream {
  readonly stream: CompiledStream;
  /** The stream's run: `sync/acme/payments/2026-11-24`. */
  readonly syncId: string;
}

/** A run of a stream, as the ledger has it, with its stream. */
export interface UndoneRun extends ReadRun {
  readonly stream: string;
  readonly sync_id: string;
  readonly kind: string;
  readonly state: string;
  readonly undone_at: Date | null;
  /** Of a `replace`: the event that ended its listing; 0 or null: it was never swapped in. */
  readonly sweep: string | null;
  readonly swept: string | null;
  readonly last_run: number;
}

/** Call it under the stream's lock. */
export async function findRun(
  client: ClientBase,
  { stream, syncId }: { readonly stream: CompiledStream; readonly syncId: string },
): Promise<UndoneRun> {
  const { rows } = await client.query<UndoneRun>(
    `select s.stream_id, s.name as stream, r.run_no, r.sync_id, r.kind, r.state, r.undone_at, r.sweep, r.window_label, r.range_from, r.range_to,
        s.swept, s.last_run, s.watermark, s.kept_cursor, s.validators
      from stream_runs r join streams s using (stream_id) where s.partner = $1 and s.name = $2 and r.sync_id = $3 for update of r`,
    [stream.partner.name, stream.name, syncId],
  );
  const row = rows[0];
  if (row === undefined)
    throw new InvalidInput(
      `${stream.partner.name}.${stream.name} has no run ${syncId}: \`syncline runs list\` shows those there are`,
    );
  return row;
}

/** Throws InvalidInput where a run cannot be undone, with the reason. */
export async function refuseUndo(
  client: ClientBase,
  { stream, run }: { readonly stream: CompiledStream; readonly run: UndoneRun },
): Promise<void> {
  const { sync_id: id } = run;
  if (run.undone_at !== null)
    throw new InvalidInput(
      `${id} is undone already, since ${run.undone_at.toISOString()}: \`syncline undo list\` shows by whom`,
    );
  if (run.state === 'running')
    throw new InvalidInput(
      `${id} is under way: wait for its end, or \`syncline runs cancel\` it, then undo what it has brought`,
    );
  if (run.kind === 'replay')
    throw new InvalidInput(
      `${id} is a replay of the quarantine: its records are those of the runs that they came with; undo such a run`,
    );
  const isListing = stream.definition.disposition === 'replace';
  if (!isListing && run.sweep !== null && run.sweep !== '0')
    throw new InvalidInput(
      `${id} is a complete listing of when ${stream.name} was a \`replace\`: it can no longer be recognised in the log`,
    );
  if (isListing) await refuseListing(client, { stream, run });
}

async function refuseListing(
  client: ClientBase,
  { stream, run }: { readonly stream: CompiledStream; readonly run: UndoneRun },
): Promise<void> {
  const { sync_id: id, stream_id: streamId, sweep, swept } = run;
  if (sweep === null || sweep === '0')
    throw new InvalidInput(`${id} is a listing that was never swapped in: no table has anything of it`);
  if (sweep !== swept)
    throw new InvalidInput(
      `${id} is a complete listing, and a later one has replaced it: the table has nothing of it that the later one did not have`,
    );
  const { rows } = await client.query<{ running: string | null; baseline: boolean; before: string | null }>(
    `select (select r.sync_id from stream_runs r where r.stream_id = $1 and r.state = 'running' limit 1) as running,
        (select coalesce((e.payload ->> 'baseline')::boolean, false) from events_${streamId} e where e.event = $2) as baseline,
        (select max(r.sweep) from stream_runs r where r.stream_id = $1 and r.sweep > 0 and r.sweep < $2 and r.undone_at is null) as before`,
    [streamId, sweep],
  );
  const { running, baseline, before } = rows[0] as (typeof rows)[number];
  if (running !== null)
    throw new InvalidInput(
      `${running} is under way, and is compared with the table as it is: wait for its end, or \`syncline runs cancel\` it`,
    );
  if (before === null)
    throw new InvalidInput(`${id} is the first complete listing of ${stream.name}: there is none to go back to`);
  if (baseline)
    throw new InvalidInput(
      `${id} is a listing whose end compared the whole log with the table, since rows had been changed: what was there before is not known`,
    );
}
