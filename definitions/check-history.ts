import { historyColumns } from '../core/history-columns.ts';
import { columnsOf } from './columns.ts';
import type { StreamDefinition } from './definition.ts';
import { historyIn } from './history.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';

/** Whether the stream's records make a history. */
export function checkHistory(stream: StreamDefinition, json: JsonSchema, path: Path): readonly Problem[] {
  const history = historyIn(stream, '');
  if (history === undefined) return [];
  const at = [...path, 'history'];
  if (stream.disposition === 'append')
    return [
      {
        path: at,
        says: 'disposition: append keeps each record as a row of its own; a history is that of a stream with merge or replace',
      },
    ];
  if (stream.primaryKey.length === 0) return [{ path: at, says: 'a history is that of keys: it needs a primaryKey' }];
  const own = new Set(historyColumns.map(({ name }) => `${history.prefix}${name}`));
  const taken = columnsOf(stream, json).filter(({ name }) => own.has(name.toLowerCase()));
  return taken.map(({ name }) => ({
    path: at,
    says: `field "${name}" has the name of a column that the history has itself; give those other names, such as prefix: row_`,
  }));
}
