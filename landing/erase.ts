import { randomBytes, randomUUID } from 'node:crypto';
import type { Pool, PoolClient } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { pathsOf } from '../core/alias.ts';
import { keyDigest } from '../core/key-digest.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { tablesElsewhere } from '../definitions/named-targets.ts';
import { eraseFromLedger, type ToErase } from '../store/erasure/erase-ledger.ts';
import { noteErasure, pendingOf, type Erased, type Erasure } from '../store/erasure/erasures.ts';
import { exportsOf } from '../store/exports/exports.ts';
import { exportOfPending, pendingExport } from '../store/exports/pending-exports.ts';
import { transaction } from '../store/session/transaction.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { eraseFromDuplicates } from './erase-duplicates.ts';
import { beforeOf } from './apply-differences.ts';
import { inTransaction } from './dry-run.ts';
import { removeKeys } from './key-is.ts';

/** Whose records: those of a key, or those that have a value in a field. */
export type Whose =
  | { readonly key: string }
  | {
      /** Dotted path. */
      readonly field: string;
      readonly value: string;
    };

export interface EraseInput {
  readonly stream: CompiledStream;
  readonly whose: Whose;
  readonly reason: string;
  readonly by: string;
  /** Nothing stays erased: it only counts. */
  readonly dryRun: boolean;
}

export interface EraseReport {
  /** null: nothing was kept of them, or it was a dry run. */
  readonly erasure: string | null;
  /** How many keys. */
  readonly keys: number;
  readonly erased: Erased;
  /** Other warehouses whose tables are to be made anew; `lake.history`: the history there, and `postgres.history` that in the store. */
  readonly targets: readonly string[];
  /** Exports whose files may hold them. */
  readonly exports: readonly string[];
}

const nothing: Erased = {
  events: 0,
  rows: 0,
  quarantined: 0,
  tombstones: 0,
  waiting: 0,
  anomalies: 0,
  pages: 0,
  runs: 0,
  parents: 0,
};

/**
 * Takes all that the store keeps of some records out of it, in one transaction: log, table, quarantine, tombstones, anomalies, and what the ledger has of
 * their keys. Tables in other warehouses are made anew from the log afterwards.
 */
export async function erase(pool: Pool, input: EraseInput): Promise<EraseReport> {
  const { stream, whose, dryRun } = input;
  return inTransaction(pool, dryRun, async (client) => {
    const streamId = await lockStream(client, stream);
    const found = await findAll(client, { stream, streamId, whose });
    const exports = (await exportsOf(client, { partner: stream.partner.name, stream: stream.name })).map(
      (known) => known.export,
    );
    const isKept = found.keys.length + found.events.length + found.entries.length > 0;
    // An export may hold what nothing else does any more: by a key it is looked for there.
    const keys = !isKept && 'key' in whose && exports.length > 0 ? [whose.key] : found.keys;
    const targets = isKept ? tablesElsewhere(stream) : [];
    if (!isKept && keys.length === 0) return { erasure: null, keys: 0, erased: nothing, targets, exports: [] };
    const erased = await eraseAll(client, found);
    const digested = digestsOf(stream, [...keys, ...found.hashes]);
    const erasure = randomUUID();
    const { reason, by } = input;
    const { partner, name } = stream;
    await noteErasure(client, {
      ...{ erasure, partner: partner.name, stream: name, reason, by, erased },
      pending: [...targets, ...exports.map(pendingExport)],
      ...digested,
    });
    return { erasure: dryRun ? null : erasure, keys: keys.length, erased, targets, exports };
  });
}

/** Erases once more what a backup has brought back. */
export async function eraseAgain(
  pool: Pool,
  { stream, erasure }: { readonly stream: CompiledStream; readonly erasure: Erasure },
): Promise<EraseReport> {
  const targets = tablesElsewhere(stream);
  return transaction(pool, async (client) => {
    const streamId = await lockStream(client, stream);
    const wanted = new Set(erasure.digests.map((digest) => digest.toString('hex')));
    const { rows } = await client.query<{ key: string }>(
      `select key from events_${streamId} where key is not null
        union select key from quarantine where stream_id = $1 and key is not null
        union select key from tombstones where stream_id = $1`,
      [streamId],
    );
    const place = { partner: erasure.partner, stream: erasure.stream };
    const isWanted = (name: string): boolean => wanted.has(keyDigest(erasure.salt, place, name).toString('hex'));
    const keys = rows.map(({ key }) => key).filter(isWanted);
    const { rows: loose } = await client.query<{ event: string; hash: string }>(
      `select event, hash::text from events_${streamId} where key is null and operation in ('u', 's', 'w')`,
    );
    const events = loose.filter(({ hash }) => isWanted(hashName(hash))).map(({ event }) => event);
    const isBack = keys.length + events.length > 0;
    const erased = isBack
      ? await eraseAll(client, { stream, streamId, keys, events, entries: [], hashes: [] })
      : nothing;
    const left = (await pendingOf(client, erasure.erasure)) ?? erasure.pending;
    // Where nothing came back, only what is left is still to be done.
    const pending = isBack ? [...targets, ...(await exportsSince(client, erasure, left))] : left;
    await noteErasure(client, { ...erasure, pending });
    return {
      erasure: erasure.erasure,
      keys: keys.length,
      erased,
      targets: pending.filter((each) => exportOfPending(each) === undefined),
      exports: pending.flatMap((each) => exportOfPending(each) ?? []),
    };
  });
}

/** Those that are left, and those that were made of what had come back. */
async function exportsSince(
  client: PoolClient,
  erasure: Erasure,
  pending: readonly string[],
): Promise<readonly string[]> {
  const made = await exportsOf(client, erasure, erasure.at);
  const left = pending.filter((each) => exportOfPending(each) !== undefined);
  return [...new Set([...left, ...made.map((known) => pendingExport(known.export))])];
}

async function lockStream(client: PoolClient, { partner, name }: CompiledStream): Promise<number> {
  const { rows } = await client.query<{ stream_id: number; running: string | null }>(
    `select s.stream_id, (select r.sync_id from stream_runs r where r.stream_id = s.stream_id and r.state = 'running' limit 1) as running
      from streams s where s.partner = $1 and s.name = $2 for update of s`,
    [partner.name, name],
  );
  const [row] = rows;
  if (row === undefined) throw new InvalidInput(`nothing of ${partner.name}.${name} was ever read`);
  if (row.running !== null)
    throw new InvalidInput(
      `${row.running} is under way, and may hold what is to be erased: wait for its end, or \`syncline runs cancel\` it, and pause ` +
        `${partner.name} (\`syncline pause ${partner.name}\`) until the erasure is done`,
    );
  return row.stream_id;
}

interface Found extends ToErase {
  readonly stream: CompiledStream;
  /** What stands for records without a key. */
  readonly hashes: readonly string[];
}

/** What stands for a record without a key among digests. No key begins so. */
export const hashName = (hash: string): string => `\u0001${hash}`;

/** Every record that ever had the value counts, also where it says something else now. */
async function findAll(
  client: PoolClient,
  { stream, streamId, whose }: { readonly stream: CompiledStream; readonly streamId: number; readonly whose: Whose },
): Promise<Found> {
  const of = { stream, streamId };
  if ('key' in whose) {
    const { rows } = await client.query<{ known: boolean }>(
      `select exists (select from events_${streamId} where key = $2)
          or exists (select from quarantine where stream_id = $1 and key = $2)
          or exists (select from tombstones where stream_id = $1 and key = $2) as known`,
      [streamId, whose.key],
    );
    return { ...of, keys: rows[0]?.known === true ? [whose.key] : [], events: [], entries: [], hashes: [] };
  }
  // Old records have it under an old name.
  const paths = pathsOf(whose.field.split('.'), stream.aliases ?? []);
  const has = (payload: string, first: number): string =>
    paths.map((_, at) => `${payload} #>> $${first + at}::text[] = $1`).join(' or ');
  const { rows: logged } = await client.query<{ key: string | null; event: string; hash: string }>(
    `select key, max(event) as event, '' as hash from events_${streamId} where key is not null and (${has('payload', 2)}) group by key
      union all select key, event, hash::text from events_${streamId} where key is null and (${has('payload', 2)})`,
    [whose.value, ...paths],
  );
  const { rows: held } = await client.query<{ key: string | null; page: string; ordinal: number }>(
    `select key, page, ordinal from quarantine where stream_id = $2 and payload is not null
        and case when pg_input_is_valid(payload, 'json') then ${has('payload::json', 3)} else false end`,
    [whose.value, streamId, ...paths],
  );
  return {
    ...of,
    keys: [...new Set([...logged, ...held].flatMap(({ key }) => (key === null ? [] : [key])))],
    events: logged.filter(({ key }) => key === null).map(({ event }) => event),
    entries: held,
    hashes: logged.filter(({ key }) => key === null).map(({ hash }) => hashName(hash)),
  };
}

async function eraseAll(client: PoolClient, { stream, ...found }: Found): Promise<Erased> {
  const { streamId, keys, events } = found;
  const table = targetOf(stream);
  const theirs = `e.event = t._event and (e.key = any ($1) or e.event = any ($2::bigint[]))`;
  let rows = 0;
  if ((await readTable(client, table)) !== undefined) {
    // While the log still knows which events are theirs.
    const { rows: counted } = await client.query<{ count: number }>(
      `select count(*)::integer as count from ${table} t where exists (select from events_${streamId} e where ${theirs})`,
      [keys, events],
    );
    rows = counted[0]?.count ?? 0;
    await client.query(`delete from ${table} t using events_${streamId} e where ${theirs}`, [keys, events]);
    await removeKeys(client, { stream, table, keys });
  }
  // What `rollback` would bring back.
  await client.query(`drop table if exists ${beforeOf(stream, streamId)}`);
  await eraseFromDuplicates(client, { stream, ...found });
  return { ...(await eraseFromLedger(client, found)), rows };
}

function digestsOf({ partner, name }: CompiledStream, keys: readonly string[]): Pick<Erasure, 'salt' | 'digests'> {
  const salt = randomBytes(16);
  return { salt, digests: keys.map((key) => keyDigest(salt, { partner: partner.name, stream: name }, key)) };
}
