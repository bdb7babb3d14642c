import type { ClientBase } from 'pg';
import type { FoundAnomaly } from '../../core/anomaly.ts';
import type { StreamRun } from '../../core/staged.ts';

/** Counts what a commit found, in its own transaction. Call it under the stream's lock. */
export async function noteAnomalies(
  client: ClientBase,
  { run, found }: { readonly run: Pick<StreamRun, 'streamId' | 'runNo'>; readonly found: readonly FoundAnomaly[] },
): Promise<void> {
  if (found.length === 0) return;
  await client.query({
    name: 'note anomalies',
    text: `insert into anomalies as a (stream_id, anomaly, kind, key, version, known, came, times, first_run, last_run)
        select $1, f.id, f.kind, f.key, f.version, f.known, f.came, f.times, $2, $2
          from json_to_recordset($3) as f(id uuid, kind text, key text, version text, known bigint, came bigint, times bigint)
      on conflict (stream_id, anomaly) do update set version = excluded.version, known = excluded.known, came = excluded.came,
        times = a.times + excluded.times, last_run = excluded.last_run, last_at = now()`,
    values: [run.streamId, run.runNo, JSON.stringify(found)],
  });
}
