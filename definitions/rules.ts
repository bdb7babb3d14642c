import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../core/canonical.ts';
import { parseDecimal, writeDecimal } from '../core/decimal.ts';
import type { Bound, LedgerRule } from '../core/ledger-rule.ts';
import type { Column } from '../core/column.ts';
import type { StreamDefinition } from './definition.ts';

/** What must hold among a stream's records: docs/ledgers.md. */

const decimal = z
  .union([z.number(), z.string()])
  .refine((given) => parseDecimal(String(given)) !== undefined, 'a decimal number, such as 0 or "12.50"');
const fields = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const limit = z.union([
  decimal,
  z.strictObject({
    /** A name under `requires`. */
    need: z.string().min(1),
    /** Of the needed record. */
    field: z.string().min(1),
    times: decimal.default(1),
  }),
]);

export const rule = z.strictObject({
  /** No two records have the same values in these fields. */
  onePer: fields.optional(),
  /** The field whose sum must hold. */
  sum: z.string().min(1).optional(),
  /** Of the records that have the same values in these fields. */
  per: fields.optional(),
  is: limit.optional(),
  atMost: limit.optional(),
  atLeast: limit.optional(),
});
export type Rule = z.output<typeof rule>;

export const rules = z.record(z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name'), rule);
export type Rules = z.output<typeof rules>;

export const bounds = ['is', 'atMost', 'atLeast'] as const satisfies readonly Bound['how'][];
export type Limit = z.output<typeof limit>;

export const listOf = (given: string | readonly string[] | undefined): readonly string[] =>
  given === undefined ? [] : typeof given === 'string' ? [given] : given;

export interface CompiledRules {
  readonly rules: readonly LedgerRule[];
  /** Changes with what they say. */
  readonly stamp: string;
}

/** undefined: the stream has none. */
export function compileRules(
  { rules: given, requires = {} }: StreamDefinition,
  columns: readonly Column[],
): CompiledRules | undefined {
  if (given === undefined || Object.keys(given).length === 0) return undefined;
  const columnOf = (field: string): Column => columns.find(({ path }) => path.join('.') === field) as Column;
  const limitOf = (of: Limit): Bound['limit'] =>
    typeof of === 'object'
      ? { stream: requires[of.need]?.stream ?? '', field: of.field, times: plainDecimal(of.times) }
      : plainDecimal(of);
  const compiled = Object.entries(given).map(([name, one]): LedgerRule => ({
    name,
    per: listOf(one.onePer ?? one.per).map(columnOf),
    ...(one.sum === undefined ? {} : { sum: columnOf(one.sum) }),
    bounds: bounds.flatMap((how) => (one[how] === undefined ? [] : [{ how, limit: limitOf(one[how]) }])),
  }));
  const stamp = createHash('sha256').update(canonicalJson(given)).digest('hex').slice(0, 16);
  return { rules: compiled, stamp };
}

function plainDecimal(given: string | number): string {
  const read = parseDecimal(String(given));
  return read === undefined ? '0' : writeDecimal(read);
}
