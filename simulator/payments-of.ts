import { customerOf } from './records.ts';
import type { Range, Selection } from './select-rows.ts';
import { updatedOf } from './table.ts';
import type { Table } from './table.ts';
import type { World } from './world.ts';

/** One customer's payments, in the order of all payments. */
export function paymentsOf(world: World, customer: number, range: Range): Selection {
  const table = world.tables.payments;
  const indexes = byCustomer(world, table).get(customer) ?? [];
  const within = indexes.filter((index) => {
    const updated = updatedOf(table, index);
    return updated >= range.since && updated < range.until;
  });
  return { table, indexes: Uint32Array.from(within), offset: null };
}

type Groups = ReadonlyMap<number, readonly number[]>;
const groups = new WeakMap<Table, { readonly version: number; readonly groups: Groups }>();

function byCustomer(world: World, table: Table): Groups {
  const known = groups.get(table);
  if (known?.version === table.version) return known.groups;
  const made = new Map<number, number[]>();
  for (const index of table.order) {
    const customer = customerOf(world.seed, index, world.tables.customers.initial);
    const group = made.get(customer);
    if (group === undefined) made.set(customer, [index]);
    else group.push(index);
  }
  groups.set(table, { version: table.version, groups: made });
  return made;
}
