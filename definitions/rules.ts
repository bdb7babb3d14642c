import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../core/canonical.ts';
import { parseDecimal, writeDecimal } from '../core/decimal.ts';
import type { Bound, LedgerRule } from '../core/ledger-rule.ts';
import type { Column } from '../core/column.ts';
import type { StreamDefinition } from './definition.ts';
import { means } from './means.ts';

/** What must hold among a stream's records: docs/ledgers.md. */

const decimal = z
  .union([z.number(), z.string()])
  .refine((given) => parseDecimal(String(given)) !== undefined, 'a decimal number, such as 0 or "12.50"');
const fields = z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]);

const limit = z.union([
  decimal,
  z.strictObject({
    need: means('a name under `requires`, whose record has the limit', z.string().min(1)),
    field: means('field of numbers of the required record', z.string().min(1)),
    times: means('factor of that number', decimal.default(1)),
  }),
]);

export const rule = z.strictObject({
  onePer: means('a field, or a list: no two rows have the same values there', fields.optional()),
  sum: means(
    'a field of numbers, added up over the rows that have the same values in `per`',
    z.string().min(1).optional(),
  ),
  per: means('a field, or a list: the rows with the same values there are added up', fields.optional()),
  is: means('what the sum must be: a number, or `{ need, field, times }` of the required record', limit.optional()),
  atMost: means(
    'what the sum must not exceed: a number, or `{ need, field, times }` of the required record',
    limit.optional(),
  ),
  atLeast: means(
    'what the sum must reach: a number, or `{ need, field, times }` of the required record',
    limit.optional(),
  ),
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
