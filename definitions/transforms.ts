import { z } from 'zod';
import { columnTypes } from '../core/column.ts';
import { means } from './means.ts';

/** What becomes of fields on their way into tables: docs/transforms.md. The log has every record as it came. */

const key = z.string().min(32, 'a key of at least 32 characters, such as `openssl rand -hex 32` makes');

const mask = z.union([
  z.literal(true),
  z.strictObject({
    first: means('how many characters stay visible at the beginning', z.int().min(0).default(0)),
    last: means('how many characters stay visible at the end', z.int().min(0).default(0)),
    with: means('text that stands for all other characters', z.string().min(1).max(10).default('****')),
  }),
]);
/** A pure function: the same record always gives the same value. Fields that are hidden are hidden from it, too. */
export type Compute = (record: Readonly<Record<string, unknown>>) => unknown;

const compute = z.union([
  z.string().min(1),
  z.custom<Compute>((value) => typeof value === 'function', 'a text with {fields}, or in .ts a function'),
]);

/** In this order: cast, default, then one of mask, hash and encrypt, then rename. `drop` and `compute` stand alone. */
export const transform = z.strictObject({
  cast: means(
    'another type for the column; a value that cannot be cast sends the record to quarantine',
    z.enum(columnTypes).optional(),
  ),
  default: means(
    'value of the column if the field is absent or null',
    z.union([z.string(), z.number(), z.boolean()]).optional(),
  ),
  mask: means('shows `****` for every value; with `first` and `last` some characters stay visible', mask.optional()),
  hash: means(
    'HMAC-SHA-256 of the value in hex, with this key of at least 32 characters, from the environment',
    key.optional(),
  ),
  encrypt: means(
    'AES-256-GCM, with a key derived from this one of at least 32 characters; equal values give equal texts',
    key.optional(),
  ),
  rename: means('another name for the column', z.string().min(1).optional()),
  drop: means('no column, and not in `_extra` either', z.literal(true).optional()),
  compute: means(
    'a new column: a text with `{fields}` of the record, or in TypeScript a function of it',
    compute.optional(),
  ),
  as: means('type of a computed column; `text` if absent', z.enum(columnTypes).optional()),
});
export type Transform = z.output<typeof transform>;

export const transforms = means(
  'how fields are changed on their way into tables, by field; for `compute` by a new name; `_extra` is what has no column',
  z.record(z.string().min(1), transform).optional(),
);
export type Transforms = NonNullable<z.output<typeof transforms>>;

export const EXTRA = '_extra';

export const hides = ({ mask, hash, encrypt }: Transform): boolean =>
  mask !== undefined || hash !== undefined || encrypt !== undefined;
