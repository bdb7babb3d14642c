import { z } from 'zod';
import { means } from './means.ts';

/** What becomes of a record, or of one field of it, that the schema does not know so. */
const policies = ['evolve', 'quarantine', 'freeze'] as const;
export type Policy = (typeof policies)[number];

const stop = z.enum(['quarantine', 'freeze']);

/**
 * `quarantine`: the record waits in quarantine. `freeze`: the stream stops at once. `evolve`: the record lands, and what the schema does not know of it
 * is kept in `_extra`.
 */
export const onMismatch = means(
  'a record that does not fit its schema goes to `quarantine`, or stops the stream (`freeze`); also by field',
  z
    .union([
      stop,
      z.strictObject({
        default: means('for every field that `fields` does not name', stop.default('quarantine')),
        newFields: means(
          'for fields that no schema names: `evolve` keeps them in `_extra`, `columns` gives up to 200 of them a column',
          z
            .union([
              z.enum([...policies, 'columns']),
              z.strictObject({
                columns: means('the most fields that get a column by themselves', z.int().min(1).max(1000)),
              }),
            ])
            .default('evolve'),
        ),
        fields: means(
          'for single fields, by name: `evolve`, `quarantine` or `freeze`',
          z.record(z.string(), z.enum(policies)).default({}),
        ),
      }),
    ])
    .default('quarantine'),
);
export interface Contract {
  readonly default: 'quarantine' | 'freeze';
  readonly newFields: Policy;
  readonly fields: Readonly<Record<string, Policy>>;
  /** So many fields that no schema names get columns; undefined: none does. */
  readonly columns?: number;
}

/** A partner that has values as names of fields would fill a table with columns. */
const MOST_COLUMNS = 200;

export function contractOf(given: z.output<typeof onMismatch>): Contract {
  if (typeof given === 'string') return { default: given, newFields: 'evolve', fields: {} };
  const { newFields, ...rest } = given;
  if (typeof newFields === 'object') return { ...rest, newFields: 'evolve', columns: newFields.columns };
  return newFields === 'columns' ? { ...rest, newFields: 'evolve', columns: MOST_COLUMNS } : { ...rest, newFields };
}

/** Whether fields that no schema names get columns. */
export const makesColumns = ({
  definition,
}: {
  readonly definition: { readonly onMismatch: z.output<typeof onMismatch> };
}): boolean => contractOf(definition.onMismatch).columns !== undefined;

/** As strict, but nothing stops the stream: who makes a table again tells what does not fit, and goes on. */
export function withoutFreeze<S extends { readonly definition: { readonly onMismatch: z.output<typeof onMismatch> } }>(
  stream: S,
): S {
  const { newFields, fields, columns } = contractOf(stream.definition.onMismatch);
  return {
    ...stream,
    definition: {
      ...stream.definition,
      onMismatch: {
        default: 'quarantine',
        newFields: columns === undefined ? thawed(newFields) : { columns },
        fields: Object.fromEntries(Object.entries(fields).map(([name, policy]) => [name, thawed(policy)])),
      },
    },
  };
}

const thawed = (policy: Policy): Policy => (policy === 'freeze' ? 'quarantine' : policy);
