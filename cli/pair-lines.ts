import type { ChangeScope } from '../store/duplicates/changes.ts';
import type { ReadRows } from '../store/duplicates/pair-values.ts';
import type { PlannedPair } from '../store/duplicates/pairs.ts';

export interface PairWords {
  readonly head: string;
  /** What stands behind the values of a field. */
  readonly said: (field: string) => string;
}

/** A pair with what both rows say, a line for each field. */
export function pairLines({ left, right }: PlannedPair, rows: ReadRows, { head, said }: PairWords): readonly string[] {
  const [one, other] = [rows.of(left), rows.of(right)];
  const fields = [...new Set([...Object.keys(one ?? {}), ...Object.keys(other ?? {})])];
  return [
    '',
    head,
    `  ${left.stream} ${left.row} | ${right.stream} ${right.row}`,
    ...fields.map(
      (field) => `  ${field}: ${valueOf(one?.[field], one)} | ${valueOf(other?.[field], other)}${said(field)}`,
    ),
  ];
}

const valueOf = (value: string | null | undefined, row: unknown): string =>
  row === undefined ? '(the row is gone)' : (value ?? '–');

/** Pairs that were named one by one may be thousands. */
export const scopeText = ({ pairs, ...scope }: ChangeScope): string =>
  JSON.stringify(pairs === undefined ? scope : { ...scope, pairs: `${pairs.length} pairs` });
