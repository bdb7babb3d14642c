import { z } from 'zod';
import { fieldKinds, formNames } from '../core/match-form.ts';
import { defaultLevels } from '../core/match-level.ts';
import { overlap, scheduleTimes } from './schedule-times.ts';

/** The shape of `duplicates.yaml`: which rows mean the same thing, and what becomes of them (docs/duplicates.md). */

/** The file beside the partners, without its ending. */
export const DUPLICATES = 'duplicates';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'a lower-case name of letters, digits and _ that starts with a letter, up to 40');
const ruleName = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'a lower-case name of letters, digits, - and _ that starts with a letter, up to 40')
  .refine((text) => text !== 'score', 'a name other than "score", which is what the weighed pairs are called');
const inSchema = z
  .string()
  .regex(/^[a-z_][a-z0-9_]{0,62}\.[a-z_][a-z0-9_]{0,62}$/, 'a schema and a name in lower case, such as golden.people');
const probability = z.number().min(0).max(1);

const source = z.strictObject({
  /** `partner.stream`: its table in the store's own database is read. */
  stream: z.string().regex(/^[^.]+\.[^.]+$/, 'a partner and a stream, such as crm.contacts'),
  /** The name that a field has here → the column of the table. */
  fields: z.record(name, z.string().min(1)),
  /** The column that says when a row last changed. */
  changed: z.string().min(1).optional(),
});
export type DuplicateSource = z.output<typeof source>;

const comparison = z.strictObject({
  as: z.enum(fieldKinds),
  /** From most to least alike, such as `similar 0.92`; what fits none is `else`. */
  levels: z.array(z.string().min(1)).min(1).optional(),
  /** Values that many rows have count for less. Default: true, but not of amounts. */
  termFrequency: z.boolean().optional(),
  /** Of a name in two fields: the other one. People write them in either order. */
  swapsWith: name.optional(),
  /** Of a phone: the country code of numbers that are written without one, such as "44". */
  country: z
    .string()
    .regex(/^[1-9]\d{0,2}$/, 'a country code such as "44"')
    .optional(),
  /** false: it is only there for exact rules and blocks. */
  score: z.boolean().default(true),
});
export type FieldComparison = z.output<typeof comparison>;

const sized = (form: string, length: string): string => (form.endsWith('fix') ? form + length : form);

/** `name`, `name~phonetic`, `name~prefix3` … */
const form = z
  .string()
  .regex(
    new RegExp(`^[a-z][a-z0-9_]*(~(${formNames.map((each) => sized(each, String.raw`\d{1,2}`)).join('|')}))?$`),
    `a field, or one of its forms: ~${formNames.map((each) => sized(each, '3')).join(', ~')}`,
  );
const forms = z.array(form).min(1);

const exactRule = z.strictObject({
  name: ruleName,
  /** Rows that have all of these are one thing. */
  fields: forms,
  /** A person looks at its pairs. */
  review: z.boolean().default(false),
});
export type ExactRule = z.output<typeof exactRule>;

const survivor = z.union([
  z.enum(['newest', 'longest', 'source', 'mostFrequent']),
  z.strictObject({ function: inSchema }),
]);
export type Survivor = z.output<typeof survivor>;

const record = z.strictObject({
  /** In the order in which they are believed (`survivors: source`). */
  from: z.array(source).min(1),
  compare: z.record(name, comparison).default({}),
  exact: z.array(exactRule).default([]),
  /** Only pairs that share one of these are weighed. */
  block: z.array(forms).default([]),
  /** Groups of rows above this are not compared pair by pair, and are reported. */
  largestBlock: z.int().min(2).max(100_000).default(1000),
  /** The probability that two random rows mean the same thing; without it, it is estimated. */
  prior: z.number().gt(0).lt(1).optional(),
  /** Estimated, or by field and level: log2 of how much oftener it is seen among rows that mean the same thing. */
  weights: z
    .union([z.literal('estimated'), z.record(name, z.record(z.string(), z.number().min(-100).max(100)))])
    .default('estimated'),
  /** Pairs from this probability are proposed to be merged. */
  merge: probability.default(0.99),
  /** Pairs from this probability are shown to a person. */
  review: probability.default(0.8),
  /** Rows in a cluster, at most. */
  largest: z.int().min(2).max(10_000).default(50),
  /** Which value stands in the golden record, by field; `default` for all others. */
  survivors: z.record(name, survivor).default({}),
  view: inSchema.optional(),
  /** When rows that came since join merged clusters by themselves; only by hand when absent. */
  join: z.strictObject({ ...scheduleTimes, overlap: overlap.default('queueOne') }).optional(),
});
/** Checked: defaults filled in, durations in ms. */
export type DuplicateSettings = z.output<typeof record>;

export const duplicatesFile = z.record(name, record);
export type DuplicatesInput = z.input<typeof duplicatesFile>;

/** The rule of a field's value in the golden record. */
export const survivorOf = ({ survivors }: Pick<DuplicateSettings, 'survivors'>, field: string): Survivor =>
  survivors[field] ?? survivors['default'] ?? 'newest';

/** The levels of a field, without `else`. Two names that swap have the level `swapped`, others do not. */
export function levelsOf(comparison: FieldComparison): readonly string[] {
  const { as, swapsWith } = comparison;
  const levels: readonly string[] = comparison.levels ?? defaultLevels[as];
  if (as !== 'name') return levels;
  if (swapsWith === undefined) return levels.filter((level) => level !== 'swapped');
  return levels.includes('swapped') ? levels : ['exact', 'swapped', ...levels.filter((level) => level !== 'exact')];
}

/** All fields that a source has, in the order in which they are first named. */
export const fieldsFrom = ({ from }: Pick<DuplicateSettings, 'from'>): readonly string[] => [
  ...new Set(from.flatMap(({ fields }) => Object.keys(fields))),
];

/** For `duplicates.ts`: `export default defineDuplicates({ … })`. Types only; checking happens when it is loaded. */
export const defineDuplicates = (duplicates: DuplicatesInput): DuplicatesInput => duplicates;
