import { z } from 'zod';
import type { StreamDefinition } from './definition.ts';
import { targetNames } from './targets.ts';

/** A second table of a stream, with a row for each version of a key and the time in which it held: docs/history.md. */
export const history = z.union([
  z.boolean(),
  z.strictObject({
    /** Its table; that of the stream with `_history` behind it if absent. */
    table: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,54}$/, 'a lower-case name of letters, digits and _ that starts with a letter, up to 55')
      .optional(),
    /** Where it is written, `postgres` being the store's own database; there and to the targets of the stream if absent. */
    targets: targetNames.min(1).optional(),
    /** A version holds from the time that it says, where it begins with one, or from when it was received. */
    validFrom: z.enum(['version', 'received']).default('version'),
    /** Before the names of its own columns, where records have fields of these names. */
    prefix: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,19}$/, 'lower-case letters, digits and _, no digit first, up to 20')
      .optional(),
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
