import { visibleLines } from '../../core/visible.ts';
import { displayWidth } from './display-width.ts';
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
  const shown = texts.map((row) =>
    row.map((text, i) => {
      const wrapped = wrap(text, widths[i] ?? text.length);
      return (look.colours && STANDINGS.has(columns[i] ?? '') ? painted(wrapped) : wrapped).split('\n');
    }),
  );
  const head = columns.map((column) => [look.colours ? paint(column, 'head') : column]);
  return drawn([head, ...shown], columns.map(isNumber));
}

/** Rows of cells of lines between two rules. */
function drawn(rows: readonly (readonly (readonly string[])[])[], toTheRight: readonly boolean[]): string {
  const widths = toTheRight.map((_, i) => Math.max(...rows.flatMap((row) => (row[i] ?? []).map(displayWidth))));
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width, GAP.length * Math.max(0, widths.length - 1)));
  const lines = rows.flatMap((row) =>
    Array.from({ length: Math.max(...row.map(({ length }) => length)) }, (_, n) =>
      row
        .map((cell, i) => padded(cell[n] ?? '', widths[i] ?? 0, toTheRight[i] === true))
        .join(GAP)
        .trimEnd(),
    ),
  );
  return [rule, ...lines, rule].join('\n');
}

function padded(line: string, width: number, toTheRight: boolean): string {
  const room = ' '.repeat(Math.max(0, width - displayWidth(line)));
  return toTheRight ? `${room}${line}` : `${line}${room}`;
}

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
