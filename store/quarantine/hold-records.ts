import type { ClientBase } from 'pg';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { RejectedRecord, StagedPage, StreamRun } from '../../core/staged.ts';
import { ordersByVersion, versionForm } from './supersede-older.ts';

export interface HoldInput {
  readonly stream: LandedStream;
  readonly run: StreamRun;
  readonly pages: readonly StagedPage[];
  readonly firstPage: number;
}

/** What one commit saw of a bad record: its first and last place, and how often. */
interface Seen {
  readonly place: number;
  readonly key: string | null;
  readonly path: string;
  readonly reason: string;
  readonly hash: string;
  readonly payload: string | null;
  readonly version: string | null;
  readonly version_form: string | null;
  readonly page: number;
  readonly ordinal: number;
  readonly count: number;
  readonly last_page: number;
  readonly last_ordinal: number;
}

/**
 * Puts records in quarantine: the same bad record again is counted on its entry. Returns how many of them somebody has
 * dismissed already. Call it under the stream's lock, with the pages in the ledger.
 */
export async function holdRecords(client: ClientBase, input: HoldInput): Promise<number> {
  const seen = seenIn(input);
  if (seen.length === 0) return 0;
  const known = await countAgain(client, input, seen);
  const places = new Set(known.map(({ place }) => place));
  await insertEntries(
    client,
    input,
    seen.filter(({ place }) => !places.has(place)),
  );
  return known.reduce((sum, { place, status }) => sum + (status === 'dismissed' ? (seen[place] as Seen).count : 0), 0);
}

function seenIn({ stream, pages, firstPage }: HoldInput): Seen[] {
  const withhold = stream.definition.quarantinePayload === 'withhold';
  const seen = new Map<string, Seen>();
  const form = ordersByVersion(stream) ? versionForm(stream) : null;
  for (const [i, page] of pages.entries())
    for (const { ordinal, payload, version, ...rejected } of page.rejected.toSorted((a, b) => a.ordinal - b.ordinal)) {
      const same = sameness(rejected);
      const id = JSON.stringify(same);
      const last = { last_page: firstPage + i, last_ordinal: ordinal };
      const known = seen.get(id);
      if (known !== undefined) seen.set(id, { ...known, count: known.count + 1, ...last });
      else {
        const first = { page: firstPage + i, ordinal, payload: withhold ? null : payload };
        const versioned = form !== null && version !== undefined && storable(version) === version;
        const of = versioned ? { version, version_form: form } : { version: null, version_form: null };
        seen.set(id, { place: seen.size, ...same, ...first, ...of, count: 1, ...last });
      }
    }
  return [...seen.values()];
}

/** What makes two bad records the same entry. */
const sameness = ({ key, path, reason, hash }: Omit<RejectedRecord, 'ordinal' | 'payload' | 'version'>) => ({
  key: key === null ? null : storable(key),
  path: storable(path),
  reason: storable(reason),
  hash,
});

/** A field's name may hold what a text column cannot: NUL, lone surrogates. */
export const storable = (text: string): string => text.replace(/\0|\p{Surrogate}/gu, '\ufffd');

interface Known {
  readonly place: number;
  readonly page: string;
  readonly ordinal: number;
  readonly status: 'held' | 'dismissed';
}

/** One that went through and is bad again is a new entry; one that was dismissed stays so; one of a run that was undone is held again. */
async function countAgain(
  client: ClientBase,
  { stream, run }: HoldInput,
  seen: readonly Seen[],
): Promise<readonly Known[]> {
  const rows = seen.map((each) => ({ ...each, payload: undefined }));
  // The hashes by themselves as well: of what is in a JSON document PostgreSQL cannot tell how much it is.
  const { rows: known } = await client.query<Known>(
    `with seen as (
        select * from json_to_recordset($2) as s(place integer, key text, path text, reason text, hash uuid, count integer,
          last_page bigint, last_ordinal integer, version text, version_form text)
      ), known as (
        select distinct on (s.place) s.*, q.page, q.ordinal
          from seen s join quarantine q on q.stream_id = $1 and q.hash = any($5) and q.hash = s.hash
            and q.status <> 'replayed' and q.key is not distinct from s.key and q.path = s.path and q.reason = s.reason
          order by s.place, q.page desc, q.ordinal desc
      ), other_runs as (
        insert into quarantine_sightings as o (stream_id, page, ordinal, run_no, count)
          select $1, k.page, k.ordinal, $3, k.count from known k
            join pages p on p.stream_id = $1 and p.page_id = k.page where p.run_no <> $3
          on conflict (stream_id, page, ordinal, run_no) do update set count = o.count + excluded.count
      )
      update quarantine q set count = q.count + k.count, last_seen_at = now(), last_page = k.last_page,
          last_ordinal = k.last_ordinal, superseded_at = null, definition_version = $4, version = k.version, version_form = k.version_form,
          status = case when q.status = 'undone' then 'held' else q.status end,
          settled_at = case when q.status = 'undone' then null else q.settled_at end
        from known k where q.stream_id = $1 and q.page = k.page and q.ordinal = k.ordinal
        returning k.place, q.page, q.ordinal, q.status`,
    [run.streamId, JSON.stringify(rows), run.runNo, stream.definitionVersion, seen.map(({ hash }) => hash)],
  );
  return known;
}

async function insertEntries(client: ClientBase, { stream, run }: HoldInput, entries: readonly Seen[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map(({ last_page, last_ordinal, ...entry }) => ({
    ...entry,
    stream_id: run.streamId,
    definition_version: stream.definitionVersion,
    ...(entry.count === 1 ? {} : { last_page, last_ordinal }),
  }));
  const columns =
    'stream_id, page, ordinal, key, path, reason, hash, payload, definition_version, count, last_page, last_ordinal, version, version_form';
  await client.query(
    `insert into quarantine (${columns}) select ${columns} from json_populate_recordset(null::quarantine, $1)`,
    [JSON.stringify(rows)],
  );
}
