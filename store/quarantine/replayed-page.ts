import type { ClientBase } from 'pg';
import { compareReceived } from '../../core/received.ts';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { RejectedRecord, StagedPage, StagedRecord, StreamRun } from '../../core/staged.ts';

interface ReplayOf {
  readonly stream: LandedStream;
  readonly run: StreamRun;
  readonly page: StagedPage;
}

interface Entry {
  readonly id: string;
  readonly key: string | null;
  readonly page: string;
  readonly ordinal: number;
  readonly superseded: boolean;
}

/**
 * A page of replayed records as the quarantine stands under the stream's lock: only those still held, in the order in
 * which they were received. What PostgreSQL refused stays held.
 */
export async function replayedPage(client: ClientBase, { stream, run, page }: ReplayOf): Promise<StagedPage> {
  const ids = page.replays ?? [];
  await keepHeld(client, { stream, run, page });
  const held = await heldEntries(client, run.streamId, ids);
  const records = page.records.flatMap((record): StagedRecord[] => {
    const entry = held.get(ids[record.ordinal] ?? '');
    if (entry === undefined) return [];
    const { ordinal, operation, key, version, hash, line, needs, offers } = record;
    return [
      {
        ordinal,
        operation,
        key,
        version,
        hash,
        line,
        received: { page: Number(entry.page), ordinal: entry.ordinal },
        // Another definition may find another key in it.
        superseded: entry.superseded && entry.key === key,
        ...(needs === undefined ? {} : { needs }),
        ...(offers === undefined ? {} : { offers }),
      },
    ];
  });
  return { ...page, records: records.toSorted(byReceived), rejected: [] };
}

const byReceived = ({ received: a }: StagedRecord, { received: b }: StagedRecord): number =>
  a === undefined || b === undefined ? 0 : compareReceived(a, b);

/** Ids of the entries whose records a page brings. */
export const replayedIds = ({ replays, records }: StagedPage): readonly string[] =>
  replays === undefined ? [] : records.map(({ ordinal }) => replays[ordinal] as string);

/** `17.3` as two arrays for `unnest`. */
export const idParts = (ids: readonly string[]): [pages: string[], ordinals: string[]] => [
  ids.map((id) => id.split('.')[0] as string),
  ids.map((id) => id.split('.')[1] as string),
];

async function heldEntries(
  client: ClientBase,
  streamId: number,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Entry>> {
  const { rows } = await client.query<Entry>(
    `select q.page || '.' || q.ordinal as id, q.key, coalesce(q.last_page, q.page) as page,
        coalesce(q.last_ordinal, q.ordinal) as ordinal, q.superseded_at is not null as superseded
      from unnest($2::bigint[], $3::integer[]) as i(page, ordinal)
      join quarantine q on q.stream_id = $1 and q.page = i.page and q.ordinal = i.ordinal
      where q.status = 'held'`,
    [streamId, ...idParts(ids)],
  );
  return new Map(rows.map((row) => [row.id, row]));
}

/** What does not fit at a replay stays held, for the reason that there is now. */
export async function keepHeld(client: ClientBase, { stream, run, page }: ReplayOf): Promise<void> {
  const ids = page.replays ?? [];
  if (page.rejected.length === 0) return;
  const of = <T>(pick: (rejected: RejectedRecord) => T): T[] => page.rejected.map(pick);
  await client.query(
    `update quarantine q set path = r.path, reason = r.reason, definition_version = $6
      from unnest($2::bigint[], $3::integer[], $4::text[], $5::text[]) as r(page, ordinal, path, reason)
      where q.stream_id = $1 and q.page = r.page and q.ordinal = r.ordinal and q.status = 'held'`,
    [
      run.streamId,
      ...idParts(of(({ ordinal }) => ids[ordinal] as string)),
      of(({ path }) => path),
      of(({ reason }) => reason),
      stream.definitionVersion,
    ],
  );
}
