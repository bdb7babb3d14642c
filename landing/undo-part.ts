import type { ClientBase } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import { hashToUuid } from '../core/page-key.ts';
import { knowsDeletes } from '../core/landed-stream.ts';
import { withoutFreeze } from '../definitions/contract.ts';
import { writeTombstones, type NewTombstone } from '../store/log/tombstones.ts';
import { wholeLog } from '../store/log/read-log.ts';
import { beginRepairs, logRepairs, type Repair } from '../store/undo/repairs.ts';
import { keepLabels, keptLabels, relabelEvents, type Label } from '../store/undo/relabel.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { decideAgain, type DecidedKey } from './decide-again.ts';
import { fillFromLog } from './fill-from-log.ts';
import { holdUnfit } from './hold-unfit.ts';
import { removeKeys } from './key-is.ts';
import type { LockedStream } from './related-locks.ts';
import { findOwn, keysOf, leftOf, markOwn, ownOf, type Counts, type Own } from './undo-events.ts';

/** What an undo, or its way back, does in the log and the table of one stream. */
export interface UndoPart extends LockedStream {
  readonly undo: number;
  readonly own: Own;
  readonly counts: Counts;
  /** Nothing but this undo has happened to the log: what events meant before it is what they mean again. */
  readonly exact: boolean;
  /** Other undos of the stream are in force. */
  readonly others: boolean;
  /** Called once the keys are known, before any row is touched. */
  readonly remember?: ((client: ClientBase) => Promise<void>) | undefined;
}

export interface PartDone {
  readonly events: number;
  readonly keys: number;
  readonly decided: number;
  readonly unfit: number;
  /** Other tables of the stream have to be made anew: the log cannot tell them what changes. */
  readonly whole: boolean;
  /** Records that wait again. */
  readonly waiting?: number;
}

const CHUNK = 5000;

/**
 * Has events count no more, or again: decides anew what the others of their keys mean, and makes tombstones, rows and, by events of the kind `r`,
 * other tables what the log says then. Call it under the stream's lock, with a table that fits the definition.
 */
export async function undoPart(client: ClientBase, part: UndoPart): Promise<PartDone> {
  const { streamId, stream, own, counts } = part;
  const found = await findOwn(client, { streamId, own });
  if (found.count === 0) return { events: 0, keys: 0, decided: 0, unfit: 0, whole: false };
  const logFrom = await expectWholeLog(client, { streamId, first: found.first });
  await part.remember?.(client);
  await markOwn(client, streamId, counts);
  const isListing = stream.definition.disposition === 'replace';
  const loose = stream.keyColumns.length === 0;
  if (loose) {
    const unfit = isListing ? await remakeTable(client, part) : await moveLooseRows(client, part);
    return { events: found.count, keys: 0, decided: 0, unfit, whole: true };
  }
  const decided = await decideKeys(client, part, isListing ? undefined : logFrom);
  const unfit = await fill(client, part, leftOf(streamId));
  return { events: found.count, keys: found.keys, decided, unfit, whole: isListing };
}

/** Earlier events of the keys may be gone where the log was cut behind the run. Returns where the log begins. */
async function expectWholeLog(
  client: ClientBase,
  { streamId, first }: { readonly streamId: number; readonly first: number },
): Promise<number> {
  const { rows } = await client.query<{ log_from: string }>('select log_from from streams where stream_id = $1', [
    streamId,
  ]);
  const from = Number(rows[0]?.log_from ?? 0);
  if (first < from)
    throw new InvalidInput(
      `its first event is number ${first}, and retention has removed events below ${from}: what was there before it is no longer known`,
    );
  return from;
}

/** `logFrom` undefined: no `r` is logged. Returns how many events of others mean something else. */
async function decideKeys(client: ClientBase, part: UndoPart, logFrom: number | undefined): Promise<number> {
  const { undo, stream, streamId, counts, exact, others } = part;
  const kept = exact ? await keptLabels(client, { undo, streamId }) : undefined;
  const each = stream.definition.disposition !== 'merge';
  const batch = logFrom === undefined ? undefined : await beginRepairs(client, { streamId, undo });
  await client.query(
    `delete from ${targetOf(stream)} t using events_${streamId} e join ${keysOf(streamId)} k on k.key = e.key where e.event = t._event`,
  );
  let [decided, logged, fresh] = [0, 0, 0];
  const flush = async (keys: readonly DecidedKey[]): Promise<void> => {
    const labels = keys.flatMap((key) => key.labels);
    decided += labels.length;
    await relabel(client, part, labels);
    await rememberGone(client, part, keys);
    // Rows whose key somebody changed stand for events of others.
    await removeKeys(client, { stream, table: targetOf(stream), keys: keys.map(({ key }) => key) });
    await client.query(`insert into ${leftOf(streamId)} select * from unnest($1::bigint[])`, [
      keys.flatMap(({ events }) => events),
    ]);
    if (batch === undefined || logFrom === undefined) return;
    const repairs: readonly Repair[] = keys.map(({ key, events }) => ({ key, events }));
    await logRepairs(client, {
      ...{ streamId, undo, page: batch.page, after: batch.lastEvent + logged, firstOrdinal: logged, logFrom },
      repairs,
    });
    logged += repairs.length;
  };
  let keys: DecidedKey[] = [];
  let events = 0;
  for await (const key of decideAgain(client, {
    streamId,
    counts,
    others,
    each,
    ...(kept === undefined ? {} : { kept }),
  })) {
    keys.push(key);
    if (key.isNew) fresh += 1;
    events += key.events.length;
    if (keys.length < CHUNK && events < 10 * CHUNK) continue;
    await flush(keys);
    [keys, events] = [[], 0];
  }
  if (keys.length > 0) await flush(keys);
  if ((logFrom ?? 0) > 0) await expectAsNew(client, part, fresh);
  if (logged > 0)
    await client.query('update streams set last_event = last_event + $2 where stream_id = $1', [streamId, logged]);
  return decided;
}

/** Retention takes what was there before a key's newest event: then the run looks as if it had brought more keys for the first time than it has. */
async function expectAsNew(client: ClientBase, { streamId, own, counts }: UndoPart, fresh: number): Promise<void> {
  if (counts === 'again' || !('run' in own)) return;
  const { rows } = await client.query<{ most: string }>(
    `select coalesce(sum(inserted + waiting + quarantined + deleted), 0) as most from pages
      where stream_id = $1 and run_no = $2 and kind not in ('sweep', 'duplicates')`,
    [streamId, own.run],
  );
  if (fresh > Number(rows[0]?.most))
    throw new InvalidInput('retention has removed what some of its keys were before it: that is no longer known');
}

async function relabel(
  client: ClientBase,
  { undo, streamId, counts }: UndoPart,
  labels: readonly Label[],
): Promise<void> {
  if (counts === 'no more')
    await keepLabels(client, { undo, streamId, kind: 'decided', events: labels.map(({ event }) => event) });
  await relabelEvents(client, { streamId, labels });
}

async function rememberGone(
  client: ClientBase,
  { stream, streamId }: UndoPart,
  keys: readonly DecidedKey[],
): Promise<void> {
  if (!knowsDeletes(stream)) return;
  await client.query('delete from tombstones where stream_id = $1 and key_hash = any ($2)', [
    streamId,
    keys.map(({ key }) => hashToUuid(key)),
  ]);
  const dead = keys.flatMap(({ key, grave }): NewTombstone[] => (grave === undefined ? [] : [{ key, grave }]));
  await writeTombstones(client, { streamId, dead, born: [] });
}

/** Writes the rows of some events, or of all; those of their keys are gone already. Returns how many fit no longer. */
async function fill(client: ClientBase, { stream, streamId }: UndoPart, only?: string): Promise<number> {
  const lenient = withoutFreeze(stream);
  if (only !== undefined) await client.query(`analyze ${only}`);
  let unfit = 0;
  await fillFromLog(client, {
    stream: lenient,
    streamId,
    table: targetOf(stream),
    ...wholeLog,
    ...(only === undefined ? {} : { only }),
    unfit: async (held) => {
      unfit += held.length;
      await holdUnfit(client, { stream: lenient, streamId, held });
    },
  });
  return unfit;
}

/** Records without a key: each is a row. */
async function moveLooseRows(client: ClientBase, part: UndoPart): Promise<number> {
  const { stream, streamId, counts } = part;
  if (counts === 'again') return fill(client, part, ownOf(streamId));
  await client.query(`delete from ${targetOf(stream)} t using ${ownOf(streamId)} o where o.event = t._event`);
  return 0;
}

async function remakeTable(client: ClientBase, part: UndoPart): Promise<number> {
  await client.query(`delete from ${targetOf(part.stream)}`);
  return fill(client, part);
}
