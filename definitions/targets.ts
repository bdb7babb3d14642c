import { z } from 'zod';
import { compare } from './compare-times.ts';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';

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

const every = means(
  'each table is loaded at most this often, so that many pages become one load',
  durationMs.default(10_000),
);
const rows = means('the most events in one load, up to 1,000,000', z.int().min(1).max(1_000_000).default(50_000));
const timeout = means('the longest that one statement may take', durationMs.default(600_000));
const compared = means(
  'when its tables are compared with the store by themselves, after `schedule apply`; only by hand if absent',
  compare.optional(),
);
const memory = z.string().regex(/^[1-9][0-9]{0,6} ?(MB|MiB|GB|GiB)$/, 'an amount of memory such as 512MB');

export const target = z.discriminatedUnion('type', [
  z.strictObject({
    type: means('a DuckDB file', z.literal('duckdb')),
    path: means('the file, relative to the folder of targets.yaml; its folder is created', z.string().min(1)),
    memoryLimit: means('limit of its buffers; the process takes up to 400 MB more', memory.default('512MB')),
    threads: means('threads of one load, up to 256', z.int().min(1).max(256).default(2)),
    timeout,
    every,
    rows,
    compare: compared,
  }),
  z.strictObject({
    type: means("another PostgreSQL database than the store's", z.literal('postgres')),
    url: means(
      'a `postgres://` URL; its password from the environment: `${NAME}`',
      z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// URL' }),
    ),
    timeout,
    every,
    rows,
    compare: compared,
  }),
]);
/** A checked target: defaults filled in, durations in ms. */
export type TargetDefinition = z.output<typeof target>;

/** Of a partner or a stream: the targets that it is written to. The store's own may be named, and always is one. */
export const targetNames = z.array(z.string().min(1));

export const targetsFile = z.strictObject({
  targets: means('the warehouses that streams can be written to, by name', z.record(name, target)),
});
export type TargetsInput = z.input<typeof targetsFile>;

/** For `targets.ts`: `export default defineTargets({ targets: { … } })`. Types only; checking happens when it is loaded. */
export const defineTargets = (targets: TargetsInput): TargetsInput => targets;
