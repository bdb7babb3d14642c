import type { Column } from '../core/column.ts';
import { isExactNumber } from '../core/exact-numbers.ts';
import { ownField } from '../core/inherited.ts';
import type { MadeColumn, MadeType } from '../core/made-column.ts';
import { nameProblems } from './check-columns.ts';
import type { CompiledStream } from './compiled.ts';

/** A stream with the columns that were made of fields that no schema names. A field that the definition names by now is as that says. */
export function withMadeColumns(given: CompiledStream, made: readonly MadeColumn[]): CompiledStream {
  const stream = given.defined ?? given;
  const own = made.filter(({ field }) => !stream.known.has(field));
  const columns = own.map(({ field, type }): Column => ({ name: field, path: [field], type }));
  const { transform, parse } = stream;
  return {
    ...stream,
    defined: stream,
    made: made.length,
    madeColumns: own,
    columns: [...stream.columns, ...columns],
    known: new Set([...stream.known, ...own.map(({ field }) => field)]),
    ...(transform === undefined
      ? {}
      : {
          transform: {
            ...transform,
            cells: [...transform.cells, ...columns.map((source) => ({ kind: 'plain' as const, source }))],
            sources: new Map([...transform.sources, ...columns.map((source) => [source.name, source] as const)]),
          },
        }),
    parse: (record) => {
      const parsed = parse(record);
      if ('mismatch' in parsed) return parsed;
      const misfit = own.find(({ field, type }) => !fits(type, record, field));
      return misfit === undefined
        ? parsed
        : {
            mismatch: {
              path: misfit.field,
              reason: `expected ${words[misfit.type]}, as its column was made, found another type`,
            },
          };
    },
  };
}

const words: Readonly<Record<MadeType, string>> = {
  text: 'string',
  number: 'number',
  boolean: 'boolean',
  json: 'JSON',
};

/** Numbers that no double holds are texts that are remembered. */
function fits(type: MadeType, record: unknown, field: string): boolean {
  if (type === 'json' || typeof record !== 'object' || record === null) return true;
  const value = ownField(record, field);
  if (value === undefined || value === null) return true;
  const isNumber = typeof value === 'number' || (typeof value === 'string' && isExactNumber(record, field));
  if (type === 'number') return isNumber;
  return type === 'boolean' ? typeof value === 'boolean' : typeof value === 'string' && !isNumber;
}

/** Why a field cannot have a column of its name; undefined: it can. */
export function unmakable(stream: Pick<CompiledStream, 'columns' | 'aliases'>, field: string): string | undefined {
  const [problem] = nameProblems(field);
  if (problem !== undefined) return problem.split(';')[0];
  if (field.startsWith('_')) return 'names with _ at their beginning are for our own columns';
  const other = stream.columns.find(({ name }) => name.toLowerCase() === field.toLowerCase());
  if (other !== undefined) return `there is a column ${other.name}`;
  const old = stream.columns.find(({ was = [] }) => was.includes(field));
  if (old !== undefined) return `it is an old name of ${old.name}`;
  return undefined;
}
