import { z } from 'zod';
import { compare } from './compare-times.ts';
import { durationMs } from './duration-text.ts';

/**
 * The shape of `targets.yaml`: the warehouses beside the store's own PostgreSQL that an installation writes to. Partners and streams name
 * those they want.
 */

/** The tables in the store's own database: written in the transaction that brings the records. */
export const STORE = 'postgres';
/** The file beside the partners that declares targets, without its ending. */
export const TARGETS = 'targets';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name of letters, digits and _ that starts with a letter, up to 40')
  .refine((text) => text !== STORE, `a name other than "${STORE}", which is the store's own database`);

/** How often a table is loaded at most, and how much at once. */
const loads = {
  every: durationMs.default(10_000),
  rows: z.int().min(1).max(1_000_000).default(50_000),
  /** When its tables are compared with the store by themselves; only by hand when absent. */
  compare: compare.optional(),
};

const memory = z.string().regex(/^[1-9][0-9]{0,6} ?(MB|MiB|GB|GiB)$/, 'an amount of memory such as 512MB');

export const target = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('duckdb'),
    /** The file; its folder is made. */
    path: z.string().min(1),
    memoryLimit: memory.default('512MB'),
    threads: z.int().min(1).max(256).default(2),
    /** The longest that one statement may take. */
    timeout: durationMs.default(600_000),
    ...loads,
  }),
  z.strictObject({
    type: z.literal('postgres'),
    /** Another database than the store's. */
    url: z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// URL' }),
    timeout: durationMs.default(600_000),
    ...loads,
  }),
]);
/** A checked target: defaults filled in, durations in ms. */
export type TargetDefinition = z.output<typeof target>;

/** Of a partner or a stream: the targets that it is written to. The store's own may be named, and always is one. */
export const targetNames = z.array(z.string().min(1));

export const targetsFile = z.strictObject({ targets: z.record(name, target) });
export type TargetsInput = z.input<typeof targetsFile>;

/** For `targets.ts`: `export default defineTargets({ targets: { … } })`. Types only; checking happens when it is loaded. */
export const defineTargets = (targets: TargetsInput): TargetsInput => targets;
