import Table from 'cli-table3';
import { visible, visibleJson, visibleLines } from '../core/visible.ts';

/** Whatever a command prints passes here: nothing that a partner sent steers the terminal. */
export interface Output {
  /** A line for people, or several; nothing with --json. */
  readonly say: (line: string) => void;
  readonly table: (rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]) => void;
  /** The result for scripts, one JSON document; nothing without --json. */
  readonly json: (value: unknown) => void;
}

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

export function createOutput(json: boolean): Output {
  return {
    say: (line) => {
      if (!json) print(visibleLines(line));
    },
    table: (rows, columns) => {
      if (!json) print(renderTable(rows, columns));
    },
    json: (value) => {
      if (json) print(visibleJson(JSON.stringify(value, null, 2)));
    },
  };
}

export function renderTable(rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]): string {
  const table = new Table({
    head: columns.map((column) => column),
    colAligns: columns.map((column) => (rows.some((row) => typeof row[column] === 'number') ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
    chars: {
      mid: '',
      'left-mid': '',
      'mid-mid': '',
      'right-mid': '',
      top: '─',
      bottom: '─',
      left: '',
      right: '',
      middle: '  ',
      'top-mid': '─',
      'top-left': '',
      'top-right': '',
      'bottom-mid': '─',
      'bottom-left': '',
      'bottom-right': '',
    },
  });
  for (const row of rows) table.push(columns.map((column) => cell(row[column])));
  return table.toString();
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return value.toLocaleString('en-US');
  return visible(typeof value === 'string' ? value : JSON.stringify(value));
}
