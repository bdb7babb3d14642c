import type { ClientBase } from 'pg';
import type { LandedStream } from '../../core/landed-stream.ts';
import type { StagedRecord } from '../../core/staged.ts';

/**
 * Whether the version decides between records of a key, and nothing else would show what an older one says. A history shows each version: there an older one that is
 * held is not overtaken.
 */
export const ordersByVersion = (stream: LandedStream): boolean =>
  stream.definition.disposition === 'merge' &&
  stream.keyColumns.length > 0 &&
  stream.version.length > 0 &&
  stream.history === undefined;

/** How the versions of a stream are made: two can only be compared where this is the same. */
export const versionForm = ({ version }: Pick<LandedStream, 'version'>): string =>
  JSON.stringify(
    version.map(({ path, type, read }) => [path.join('.'), type, ...(read === undefined ? [] : ['read'])]),
  );

/** What quarantine keeps of a key (records/stage-records.ts): one that is as long may be the beginning of another. */
const KEPT = 600;

export const isWholeKey = (key: string | null): key is string => key !== null && key.length < KEPT;

/** What has landed: a record of the table, of the log or of this commit. */
export type Landed = Pick<StagedRecord, 'key' | 'version' | 'hash'>;

/**
 * Marks what is held of keys of which a record with a greater version has landed, or the same record. Entries whose version could not be read stay held: so do those of
 * the same version and other content, since a replay of them would win.
 */
export async function supersedeOlder(
  client: ClientBase,
  {
    stream,
    streamId,
    landed,
  }: { readonly stream: LandedStream; readonly streamId: number; readonly landed: readonly Landed[] },
): Promise<void> {
  const known = landed.filter(({ key, version }) => isWholeKey(key) && version !== null);
  if (known.length === 0) return;
  await client.query(
    `update quarantine q set superseded_at = now()
      from unnest($3::text[], $4::text[], $5::uuid[]) as a(key, version, hash)
      where q.stream_id = $1 and q.status = 'held' and q.superseded_at is null and q.key = a.key and q.version_form = $2
        and (q.version < a.version collate "C" or q.version = a.version and q.hash = a.hash)`,
    [
      streamId,
      versionForm(stream),
      known.map(({ key }) => key),
      known.map(({ version }) => version),
      known.map(({ hash }) => hash),
    ],
  );
}
