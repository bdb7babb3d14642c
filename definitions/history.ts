import { z } from 'zod';
import type { StreamDefinition } from './definition.ts';
import { targetNames } from './targets.ts';
import { means } from './means.ts';

/** A second table of a stream, with a row for each version of a key and the time in which it held: docs/history.md. */
export const history = z.union([
  z.boolean(),
  z.strictObject({
    table: means(
      "name of the table of versions; the stream's table with `_history` behind it if absent",
      z
        .string()
        .regex(
          /^[a-z][a-z0-9_]{0,54}$/,
          'a lower-case name of letters, digits and _ that starts with a letter, up to 55',
        )
        .optional(),
    ),
    targets: means(
      "where it is written; `postgres` is the store's own database. There and to the stream's targets if absent",
      targetNames.min(1).optional(),
    ),
    validFrom: means(
      'a version is valid from the time in its `version` field, or from when it was received',
      z.enum(['version', 'received']).default('version'),
    ),
    prefix: means(
      'text before the names of its own columns, if records have fields of these names',
      z
        .string()
        .regex(/^[a-z_][a-z0-9_]{0,19}$/, 'lower-case letters, digits and _, no digit first, up to 20')
        .optional(),
    ),
  }),
]);
export interface DeclaredHistory {
  readonly table: string;
  /** undefined: the store's own database, and the targets of the stream. */
  readonly targets: readonly string[] | undefined;
  readonly validFrom: 'version' | 'received';
  readonly prefix: string;
}

/** undefined: the stream has none. */
export function historyIn(
  { history: declared, table }: Pick<StreamDefinition, 'history' | 'table'>,
  stream: string,
): DeclaredHistory | undefined {
  if (declared === undefined || declared === false) return undefined;
  const usual = { table: `${table ?? stream}_history`, targets: undefined, validFrom: 'version', prefix: '' } as const;
  if (declared === true) return usual;
  const { targets, validFrom, prefix = '' } = declared;
  return { table: declared.table ?? usual.table, targets, validFrom, prefix };
}
