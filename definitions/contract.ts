import { z } from 'zod';

/** What becomes of a record, or of one field of it, that the schema does not know so. */
const policies = ['evolve', 'quarantine', 'freeze'] as const;
export type Policy = (typeof policies)[number];

const stop = z.enum(['quarantine', 'freeze']);

/**
 * `quarantine`: the record waits in quarantine. `freeze`: the stream stops at once. `evolve`: the record lands, and what the schema does not know of it
 * is kept in `_extra`.
 */
export const onMismatch = z
  .union([
    stop,
    z.strictObject({
      /** For every field that is not named below. */
      default: stop.default('quarantine'),
      /** For fields that no schema names. */
      newFields: z.enum(policies).default('evolve'),
      /** By the name of a field of the schema. */
      fields: z.record(z.string(), z.enum(policies)).default({}),
    }),
  ])
  .default('quarantine');

export interface Contract {
  readonly default: 'quarantine' | 'freeze';
  readonly newFields: Policy;
  readonly fields: Readonly<Record<string, Policy>>;
}

export const contractOf = (given: z.output<typeof onMismatch>): Contract =>
  typeof given === 'string' ? { default: given, newFields: 'evolve', fields: {} } : given;

/** As strict, but nothing stops the stream: who makes a table again tells what does not fit, and goes on. */
export function withoutFreeze<S extends { readonly definition: { readonly onMismatch: z.output<typeof onMismatch> } }>(
  stream: S,
): S {
  const { newFields, fields } = contractOf(stream.definition.onMismatch);
  return {
    ...stream,
    definition: {
      ...stream.definition,
      onMismatch: {
        default: 'quarantine',
        newFields: thawed(newFields),
        fields: Object.fromEntries(Object.entries(fields).map(([name, policy]) => [name, thawed(policy)])),
      },
    },
  };
}

const thawed = (policy: Policy): Policy => (policy === 'freeze' ? 'quarantine' : policy);
