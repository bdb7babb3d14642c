import { InvalidInput } from '../core/errors.ts';
import { DAY } from '../core/duration.ts';
import { microsOf } from './micros.ts';
import type { Micros } from './micros.ts';
import { pickDistinct, randomOf } from './random.ts';
import { METHOD_SLOTS, makeRow, methodCount, streams } from './records.ts';
import type { Row, RowFacts, StreamName } from './records.ts';
import { addRow, createTable, reorder } from './table.ts';
import type { Table } from './table.ts';

/** What the partner really holds. */
export interface World {
  readonly seed: number;
  readonly tables: Readonly<Record<StreamName, Table>>;
  row(stream: StreamName, index: number): Row;
  /** Changes, adds and removes rows, chosen by the seed and by how often it was called before. */
  mutate(mutation: Mutation): void;
}

export interface WorldSize {
  readonly customers: number;
  readonly payments: number;
  readonly refunds: number;
  readonly events: number;
}

export interface Mutation {
  /** `payments` if absent. */
  readonly stream?: StreamName | undefined;
  readonly change?: number | undefined;
  readonly add?: number | undefined;
  readonly remove?: number | undefined;
  /** When it happens, an ISO time; a minute after the last mutation if absent. */
  readonly at?: string | undefined;
}

const SPAN: Micros = 400 * DAY * 1000;
const MINUTE: Micros = 60_000_000;
const HOUR: Micros = 60 * MINUTE;

export function createWorld(seed: number, size: WorldSize, end: Micros): World {
  const start = end - SPAN;
  const spread = (count: number, salt: number) => (index: number) => {
    const random = randomOf(seed, salt, index, 2);
    const created = Math.floor(start + ((index + random()) / count) * SPAN);
    return { created, updated: updatedAfter(created, end, random) };
  };
  const methods = spread(Math.max(1, size.customers * METHOD_SLOTS), 71);
  const tables = {
    customers: createTable({ count: size.customers, sortedBy: 'index', times: spread(size.customers, 11) }),
    payments: createTable({ count: size.payments, sortedBy: 'updated', times: spread(size.payments, 23) }),
    refunds: createTable({ count: size.refunds, sortedBy: 'index', times: spread(size.refunds, 37) }),
    events: createTable({
      count: size.events,
      sortedBy: 'index',
      times: (index) => {
        const { created } = spread(size.events, 53)(index);
        return { created, updated: created };
      },
    }),
    payment_methods: createTable({
      count: size.customers * METHOD_SLOTS,
      sortedBy: 'index',
      times: methods,
      exists: (index) => index % METHOD_SLOTS < methodCount(seed, Math.floor(index / METHOD_SLOTS)),
    }),
  } satisfies Record<StreamName, Table>;

  const initial: RowFacts['initial'] = size;
  let mutations = 0;
  let clock = end;

  return {
    seed,
    tables,
    row(stream, index) {
      const table = tables[stream];
      return makeRow[stream]({
        seed,
        index,
        revision: table.revision[index] ?? 0,
        created: table.created[index] ?? 0,
        updated: table.updated[index] ?? 0,
        initial,
      });
    },
    mutate(mutation) {
      const stream = mutation.stream ?? 'payments';
      if (stream === 'payment_methods')
        throw new InvalidInput('payment_methods follow their customers and do not change');
      const { change = 0, add = 0, remove = 0 } = mutation;
      if (stream === 'events' && change + remove > 0)
        throw new InvalidInput('events are append-only: only add is allowed');
      clock = mutation.at === undefined ? clock + MINUTE : microsOf(mutation.at, 'at');
      mutations += 1;
      const table = tables[stream];
      const random = randomOf(seed, streams.indexOf(stream), mutations, 97);
      const touched = pickDistinct(random, change + remove, table.order.length).map((at) => table.order[at] ?? 0);
      // Every fourth change shares its time with the one before: ties are what breaks naive cursors.
      const tick = (step: number): Micros => clock + (step - (step % 4 === 3 ? 1 : 0)) * 1237;
      const removed = new Set(pickDistinct(random, remove, touched.length).map((at) => touched[at]));
      touched.forEach((index, step) => {
        if (removed.has(index)) table.removed.add(index);
        else {
          table.revision[index] = (table.revision[index] ?? 0) + 1;
          table.updated[index] = tick(step);
        }
      });
      for (let step = 0; step < add; step++) addRow(table, tick(touched.length + step));
      reorder(table);
    },
  };
}

/** Two in five records never change; some are settled by a nightly job and share its time; the rest move within days. */
function updatedAfter(created: Micros, end: Micros, random: () => number): Micros {
  const kind = random();
  if (kind < 0.4) return created;
  const later = created + Math.floor(random() ** 2 * Math.min(20 * 24 * HOUR, end - created));
  if (kind > 0.55) return later;
  const nightly = Math.floor(later / (24 * HOUR)) * 24 * HOUR + 26 * HOUR;
  return nightly < end ? nightly : later;
}
