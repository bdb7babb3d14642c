import { z } from 'zod';
import { columnTypes } from '../core/column.ts';

/** What becomes of fields on their way into tables: docs/transforms.md. The log has every record as it came. */

const key = z.string().min(32, 'a key of at least 32 characters, such as `openssl rand -hex 32` makes');

const mask = z.union([
  z.literal(true),
  z.strictObject({
    /** Characters that stay, at the beginning and at the end. */
    first: z.int().min(0).default(0),
    last: z.int().min(0).default(0),
    /** What stands for all others. */
    with: z.string().min(1).max(10).default('****'),
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
  cast: z.enum(columnTypes).optional(),
  default: z.union([z.string(), z.number(), z.boolean()]).optional(),
  mask: mask.optional(),
  /** HMAC-SHA-256 with this key, in hex. */
  hash: key.optional(),
  /** AES-256-GCM with a key derived from this one; equal values give equal texts. */
  encrypt: key.optional(),
  /** Name of the column. */
  rename: z.string().min(1).optional(),
  drop: z.literal(true).optional(),
  compute: compute.optional(),
  /** Type of a computed column. */
  as: z.enum(columnTypes).optional(),
});
export type Transform = z.output<typeof transform>;

/** By field: of the record (dotted inside objects), a name of its own for `compute`, `_extra` for what has no column. */
export const transforms = z.record(z.string().min(1), transform).optional();
export type Transforms = NonNullable<z.output<typeof transforms>>;

export const EXTRA = '_extra';

export const hides = ({ mask, hash, encrypt }: Transform): boolean =>
  mask !== undefined || hash !== undefined || encrypt !== undefined;
