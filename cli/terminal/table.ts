import Table from 'cli-table3';
import { visibleLines } from '../../core/visible.ts';
import { fitWidths, longestPart, wrap } from './fit.ts';
import { paint, plainLook, toneOf, type Look } from './paint.ts';

type Row = Readonly<Record<string, unknown>>;

/** Columns that say how something stands. */
const STANDINGS: ReadonlySet<string> = new Set([
  'outcome',
  'last outcome',
  'state',
  'now',
  'age',
  'proved',
  'severity',
]);
const GAP = '  ';

/** A table that keeps to the width of its reader: long texts go on in the next line of their cell. */
export function renderTable(rows: readonly Row[], columns: readonly string[], look: Look = plainLook): string {
  const isNumber = (column: string): boolean => rows.some((row) => typeof row[column] === 'number');
  const texts = rows.map((row) => columns.map((column) => cell(row[column])));
  const widths = fitWidths(
    columns.map((column, i) => {
      const lines = [column, ...texts.flatMap((row) => (row[i] ?? '').split('\n'))];
      return {
        widest: Math.max(...lines.map(({ length }) => length)),
        longestWord: Math.max(...lines.map(longestPart)),
        fixed: isNumber(column),
      };
    }),
    { room: look.columns, gap: GAP.length },
  );
  const table = new Table({
    head: columns.map((column) => (look.colours ? paint(column, 'head') : column)),
    colAligns: columns.map((column) => (isNumber(column) ? 'right' : 'left')),
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
    chars: frame,
  });
  for (const row of texts)
    table.push(
      row.map((text, i) => {
        const wrapped = wrap(text, widths[i] ?? text.length);
        return look.colours && STANDINGS.has(columns[i] ?? '') ? painted(wrapped) : wrapped;
      }),
    );
  return table.toString().replaceAll(/ +$/gm, '');
}

const frame = {
  mid: '',
  'left-mid': '',
  'mid-mid': '',
  'right-mid': '',
  top: '─',
  bottom: '─',
  left: '',
  right: '',
  middle: GAP,
  'top-mid': '─'.repeat(GAP.length),
  'top-left': '',
  'top-right': '',
  'bottom-mid': '─'.repeat(GAP.length),
  'bottom-left': '',
  'bottom-right': '',
} as const;

/** Each line by itself: the border of a cell is not part of its colour. */
function painted(text: string): string {
  const tone = toneOf(text);
  return text
    .split('\n')
    .map((line) => paint(line, tone))
    .join('\n');
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return value.toLocaleString('en-US');
  return visibleLines(typeof value === 'string' ? value : JSON.stringify(value));
}
