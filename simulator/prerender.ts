import { updatedOf } from './table.ts';
import type { Row } from './records.ts';
import type { Table } from './table.ts';

/** A stream's whole listing as JSON text, rows joined by commas: any page of it is a piece of one buffer. */
export interface Rendered {
  readonly version: number;
  /** The text of the rows at positions `[from, to)` of the table's order. */
  piece(from: number, to: number): Buffer;
}

export function prerender(table: Table, rowOf: (index: number) => Row): Rendered {
  const { order, version } = table;
  const starts = new Float64Array(order.length + 1);
  let text = Buffer.allocUnsafe(Math.max(1024, order.length * 420));
  let used = 0;
  order.forEach((index, position) => {
    starts[position] = used;
    const row = `${JSON.stringify(rowOf(index))},`;
    // A UTF-16 unit takes at most three bytes.
    if (used + row.length * 3 > text.length) text = Buffer.concat([text, Buffer.allocUnsafe(text.length)]);
    used += text.write(row, used);
  });
  starts[order.length] = used;
  return {
    version,
    piece: (from, to) => (to <= from ? Buffer.alloc(0) : text.subarray(starts[from], (starts[to] ?? used) - 1)),
  };
}

/** Second precision, as `Last-Modified` has it. */
export function lastModifiedOf(table: Table): Date {
  let latest = 0;
  for (let index = 0; index < table.count; index++) latest = Math.max(latest, updatedOf(table, index));
  return new Date(Math.floor(latest / 1_000_000) * 1000);
}
