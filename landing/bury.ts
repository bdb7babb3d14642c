import type { ClientBase } from 'pg';
import { keepsRows, type LandedStream } from '../core/landed-stream.ts';
import type { Folded } from '../core/fold.ts';
import type { Grave } from '../core/grave.ts';
import type { StagedPage, StagedRecord } from '../core/staged.ts';
import { readGraves, writeTombstones } from '../store/log/tombstones.ts';
import { buryRows } from '../targets/postgres/bury-rows.ts';
import { removeKeys } from './key-is.ts';

/** What a commit has to know of keys that are gone. */
export async function readGone(
  client: ClientBase,
  {
    stream,
    streamId,
    records,
  }: { readonly stream: LandedStream; readonly streamId: number; readonly records: readonly StagedRecord[] },
): Promise<{ readonly graves: ReadonlyMap<string, Grave>; readonly keepsRows: boolean }> {
  const keys = [...new Set(records.flatMap(({ key }) => (key === null ? [] : [key])))];
  return { graves: await readGraves(client, { streamId, keys }), keepsRows: keepsRows(stream) };
}

export interface Bury {
  readonly stream: LandedStream;
  readonly streamId: number;
  readonly table: string;
  readonly folded: Pick<Folded<StagedRecord>, 'dead' | 'born' | 'events'>;
  readonly pages: readonly StagedPage[];
  /** Number of the first of them in the ledger. */
  readonly firstPage: number;
}

/** Writes down which keys are gone, and takes their rows out of the table, or marks them. Call it behind the writing of the rows. */
export async function bury(client: ClientBase, input: Bury): Promise<void> {
  const { stream, streamId, table, folded, pages, firstPage } = input;
  const { dead = [], born = [] } = folded;
  if (dead.length === 0 && born.length === 0) return;
  const places = new Map(folded.events.map(({ event, record, page }) => [event, { page, ordinal: record.ordinal }]));
  const placed = dead.map(({ key, grave, page }) => {
    const at = grave.at ?? (pages[page ?? 0] as StagedPage).fetchedAt;
    const place = places.get(grave.event) ?? { page: page ?? 0, ordinal: 0 };
    const received = grave.received ?? { ...place, page: firstPage + place.page };
    return { key, grave: { ...grave, at, received } };
  });
  await writeTombstones(client, { streamId, dead: placed, born });
  if (keepsRows(stream))
    await buryRows(client, { stream, table, buried: new Map(placed.map(({ key, grave }) => [key, grave.at])) });
  else await removeKeys(client, { stream, table, keys: dead.flatMap(({ key, falls }) => (falls ? [key] : [])) });
}
