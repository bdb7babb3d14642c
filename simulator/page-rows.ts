import type { Fault, RowFault } from './fault.ts';
import { isRowFault } from './fault.ts';
import type { PagePlan } from './plan-page.ts';
import { pickDistinct, randomOf } from './random.ts';
import { streams } from './records.ts';
import type { Row, StreamName } from './records.ts';
import type { Selection } from './select-rows.ts';
import type { World } from './world.ts';

/** The rows of a page as they go out: with the faults that concern them. */
export function pageRows(
  world: World,
  stream: StreamName,
  selection: Selection,
  plan: PagePlan,
  faults: readonly Fault[],
) {
  const damage = faults.filter(isRowFault);
  const rowAt = (position: number): Row => damagedRow(world, stream, selection.indexes[position] ?? 0, damage);
  const between = (from: number, to: number): Row[] =>
    Array.from({ length: Math.max(0, to - from) }, (_, step) => rowAt(from + step));

  const rows = between(plan.from, plan.to);
  for (const fault of faults)
    if (fault.kind === 'duplicate_in_page') rows.push(...rows.slice(0, fault.count));
    else if (fault.kind === 'duplicate_across_pages')
      rows.unshift(...between(Math.max(0, plan.from - fault.count), plan.from));
    else if (fault.kind === 'blank_records')
      for (let n = 0; n < fault.count; n++) rows.splice(Math.min(rows.length, 1 + n * 2), 0, {});
  return rows;
}

export const touchesRows = (fault: Fault): boolean =>
  isRowFault(fault) || ['duplicate_in_page', 'duplicate_across_pages', 'blank_records'].includes(fault.kind);

export function damagedRow(world: World, stream: StreamName, index: number, faults: readonly RowFault[]): Row {
  let row = world.row(stream, index);
  for (const fault of faults)
    if (fault.kind === 'malformed' ? malformedIndexes(world, stream, fault).has(index) : index >= fault.from)
      row = damaged(row, fault, fault.field ?? usualField[stream]);
  return row;
}

const usualField = {
  customers: 'email',
  payments: 'amount_minor',
  refunds: 'amount_minor',
  events: 'type',
  payment_methods: 'type',
} as const satisfies Record<StreamName, string>;

function damaged(row: Row, fault: RowFault, field: string): Row {
  if (fault.kind === 'new_field') return { ...row, [fault.field]: 'normal' };
  const ill = fault.kind === 'malformed' ? fault.how : 'wrong_type';
  if (ill === 'null_id') return { ...row, id: null };
  if (ill === 'wrong_type')
    return { ...row, [field]: typeof row[field] === 'number' ? String(row[field]) : { value: row[field] } };
  const { [field]: _gone, ...rest } = row;
  return rest;
}

/** The rows that a `malformed` fault concerns: the same for every request. */
function malformedIndexes(world: World, stream: StreamName, fault: Extract<RowFault, { kind: 'malformed' }>) {
  const known = chosen.get(fault)?.get(stream);
  if (known !== undefined) return known;
  const { initial, order } = world.tables[stream];
  const random = randomOf(world.seed, streams.indexOf(stream), fault.count, 307);
  const listed = order.filter((index) => index < initial).toSorted();
  const indexes: ReadonlySet<number> = new Set(
    pickDistinct(random, fault.count, listed.length).map((at) => listed[at] ?? 0),
  );
  chosen.set(fault, (chosen.get(fault) ?? new Map()).set(stream, indexes));
  return indexes;
}
const chosen = new WeakMap<RowFault, Map<StreamName, ReadonlySet<number>>>();
