import type { FieldLevel } from '../../core/duplicates.ts';
import { html, type Html } from '../../core/html.ts';
import { levelWords, weightWords } from '../../core/level-words.ts';
import type { ReadRows, RowValues } from '../../store/duplicates/pair-values.ts';
import type { PlannedPair } from '../../store/duplicates/pairs.ts';
import { table } from './table.ts';

/** Both rows of a pair with what they say now, field by field, and what each field says of them. */
export function pairSides(pair: PlannedPair, rows: ReadRows, fields: readonly string[]): Html {
  const { left, right, levels } = pair;
  const sides = [rows.of(left), rows.of(right)] as const;
  return table({
    caption: `Pair ${pair.pair}, field by field`,
    none: 'Its plan names no field.',
    rows: fields,
    rowClass: (field) => (levels[field]?.level === 'exact' ? 'alike' : ''),
    columns: [
      { title: 'Field', cell: (field) => field },
      { title: `${left.stream} ${left.row}`, cell: (field) => said(sides[0], field) },
      { title: `${right.stream} ${right.row}`, cell: (field) => said(sides[1], field) },
      { title: 'How alike', cell: (field) => howAlike(levels[field], sides, field) },
      { title: 'What it says', cell: (field) => weighs(levels[field]) },
    ],
  });
}

function said(row: RowValues | undefined, field: string): Html | string {
  if (row === undefined) return html`<span class="quiet">the row is gone</span>`;
  return row[field] ?? html`<span class="quiet">–</span>`;
}

function howAlike(
  level: FieldLevel | undefined,
  sides: readonly (RowValues | undefined)[],
  field: string,
): Html | string {
  if (level !== undefined) return levelWords(level.level);
  const lacks = sides.some((row) => row !== undefined && (row[field] ?? null) === null);
  return html`<span class="quiet">${lacks ? 'one has no value' : 'not compared by score'}</span>`;
}

const weighs = (level: FieldLevel | undefined): Html | undefined =>
  level === undefined
    ? undefined
    : html`${weightWords(level)} <span class="quiet">(${level.weight.toFixed(1)} bits)</span>`;
