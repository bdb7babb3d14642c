import { parseJson } from '../core/json.ts';
import { keyParts } from '../core/key-text.ts';
import type { LoggedEvent } from '../core/logged-event.ts';
import { rowOfGone } from '../core/row-of-gone.ts';
import { keepsRows } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { withParents } from '../records/received.ts';
import { rowTexts, type RowTexts } from '../records/row-texts.ts';
import type { AppliedEvent, UnfitOfKey } from './changes-of.ts';

export interface DecodedEvents {
  readonly applied: readonly AppliedEvent[];
  readonly unfit: readonly UnfitOfKey[];
}

interface Decoding {
  /** Also those that came late. */
  readonly history?: boolean;
  /** Reads the events that an `r` names; left out: there are none among these. */
  readonly read?: ((events: readonly number[]) => Promise<readonly LoggedEvent[]>) | undefined;
}

/**
 * Events as a table takes them: rows by the present definition, in the order that was decided when they came.
 */
export async function appliedEvents(
  stream: CompiledStream,
  events: readonly LoggedEvent[],
  { history = false, read }: Decoding = {},
): Promise<DecodedEvents> {
  const repairs = await repairsOf(stream, events, { history, read });
  // A row that is kept shows what came late, too.
  const late = history || keepsRows(stream);
  const came = events.filter(({ operation }) => operation === 'u' || (operation === 's' && late));
  const complete = withParents(stream);
  const { rows, rejected } = await rowTexts(
    stream,
    came.map(({ payload, parents }) => ({ payload, ascii: false, record: complete(parseJson(payload), parents) })),
  );
  const texts = new Map(rows.map((row) => [came[row.ordinal]?.event, row]));
  const keys = stream.keyColumns.length;
  return {
    applied: events.flatMap((event) => {
      if (event.operation === 'd') return [deletion(event, stream)];
      const repair = repairs.get(event.event);
      if (repair !== undefined) return [{ ...deletion(event, stream), operation: 'r', row: null, repair }];
      const row = texts.get(event.event);
      return row === undefined ? [] : [arrival(event, row, keys)];
    }),
    unfit: rejected.map(({ ordinal, path, reason }) => {
      const { event, key } = came[ordinal] as LoggedEvent;
      return { event, key, path, reason };
    }),
  };
}

/** What keys that are decided anew are decided by, by the numbers of their `r`. */
async function repairsOf(
  stream: CompiledStream,
  events: readonly LoggedEvent[],
  { history = false, read }: Decoding,
): Promise<ReadonlyMap<number, NonNullable<AppliedEvent['repair']>>> {
  const repairs = events.flatMap(({ event, operation, payload }) =>
    operation === 'r' ? [{ event, ...(JSON.parse(payload) as { events: readonly number[]; from?: number }) }] : [],
  );
  if (repairs.length === 0 || read === undefined) return new Map();
  const { applied, unfit } = await appliedEvents(stream, await read(repairs.flatMap((repair) => repair.events)), {
    history,
  });
  const decoded = new Map(applied.map((each) => [each.event, each]));
  const unfits = new Map(unfit.map((each) => [each.event, each]));
  return new Map(
    repairs.map(({ event, events: named, from = 0 }) => [
      event,
      {
        events: named.flatMap((each) => decoded.get(each) ?? []),
        unfit: named.flatMap((each) => unfits.get(each) ?? []),
        from,
      },
    ]),
  );
}

function arrival(event: LoggedEvent, { key, values, extra }: RowTexts, keys: number): AppliedEvent {
  const { operation, version, hash, received, run } = event;
  return {
    event: event.event,
    operation,
    key,
    keyTexts: values.slice(0, keys) as string[],
    arrival: { version, hash, received },
    row: { event: event.event, ...received, run, version, hash, values, extra },
    ...timeOf(event),
  };
}

const timeOf = ({ receivedAt }: LoggedEvent): Pick<AppliedEvent, 'receivedAt'> =>
  receivedAt === undefined ? {} : { receivedAt };

/** All that is known of a record that is gone is its key. */
function deletion(of: LoggedEvent, stream: Pick<CompiledStream, 'columns' | 'keyColumns' | 'transform'>): AppliedEvent {
  const { event, key, version, hash, received, run, deletedAt } = of;
  const keyTexts = key === null ? [] : keyParts(key, stream.keyColumns.length);
  const values = rowOfGone(stream, keyTexts);
  return {
    event,
    operation: 'd',
    key,
    keyTexts,
    arrival: { version, hash, received },
    row: { event, ...received, run, version: null, hash, values, extra: null },
    deletedAt,
    ...timeOf(of),
  };
}
