import { z } from 'zod';
import { fieldKinds, formNames } from '../core/match-form.ts';
import { defaultLevels } from '../core/match-level.ts';
import { overlap, scheduleTimes } from './schedule-times.ts';
import { means } from './means.ts';

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
  stream: means(
    "`partner.stream`; its table in the store's own database is read",
    z.string().regex(/^[^.]+\.[^.]+$/, 'a partner and a stream, such as crm.contacts'),
  ),
  fields: means('columns of the table, by the names that fields have in this file', z.record(name, z.string().min(1))),
  changed: means('the column that says when a row last changed', z.string().min(1).optional()),
});
export type DuplicateSource = z.output<typeof source>;

const comparison = z.strictObject({
  as: means(
    'what the values are, which decides what makes no difference between them, such as case or accents',
    z.enum(fieldKinds),
  ),
  levels: means(
    'levels of likeness, from most to least alike, such as `similar 0.92`; those of `as` if absent',
    z.array(z.string().min(1)).min(1).optional(),
  ),
  termFrequency: means(
    'whether values that many rows have count for less; true if absent, but false for amounts',
    z.boolean().optional(),
  ),
  // People write the two parts of a name in either order.
  swapsWith: means('for a name in two fields: the other one, with which it may be swapped', name.optional()),
  country: means(
    'for a phone: country code of numbers that are written without one, such as "44"',
    z
      .string()
      .regex(/^[1-9]\d{0,2}$/, 'a country code such as "44"')
      .optional(),
  ),
  score: means(
    'whether the field counts in the score; with false it is only for exact rules and blocks',
    z.boolean().default(true),
  ),
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
  name: ruleName.describe('name of the rule, shown with its pairs'),
  fields: forms.describe(
    'rows that have all of these in common are one thing: fields, or forms such as `phone~suffix7`',
  ),
  review: means(
    'whether a person looks at its pairs, unless their score alone reaches `merge`',
    z.boolean().default(false),
  ),
});
export type ExactRule = z.output<typeof exactRule>;

const survivor = z.union([
  z.enum(['newest', 'longest', 'source', 'mostFrequent']),
  z.strictObject({
    function: inSchema.describe(
      'a SQL function of yours, such as `my.sum`; it gets the values as an array, the newest first',
    ),
  }),
]);
export type Survivor = z.output<typeof survivor>;

const record = z.strictObject({
  from: means('the streams with the rows, in the order in which they are believed', z.array(source).min(1)),
  compare: means('how fields are compared, by the names of `fields`', z.record(name, comparison).default({})),
  exact: means('rules whose pairs are certain', z.array(exactRule).default([])),
  block: means(
    'only pairs that share one of these are weighed: lists of fields, or forms such as `family~phonetic`',
    z.array(forms).default([]),
  ),
  largestBlock: means(
    'larger groups of rows that share a block are not compared by it, and are reported',
    z.int().min(2).max(100_000).default(1000),
  ),
  prior: means(
    'probability that two random rows mean the same thing; estimated if absent',
    z.number().gt(0).lt(1).optional(),
  ),
  weights: means(
    'weights by field and level, as log2 of how much more often duplicates are at the level than any two rows; or `estimated`',
    z
      .union([z.literal('estimated'), z.record(name, z.record(z.string(), z.number().min(-100).max(100)))])
      .default('estimated'),
  ),
  merge: means('pairs from this probability on are proposed to be merged', probability.default(0.99)),
  review: means('pairs from this probability on are shown to a person', probability.default(0.8)),
  largest: means('the most rows in a cluster', z.int().min(2).max(10_000).default(50)),
  survivors: means(
    'which value a golden record has, by field; `default` for all others; `newest` if absent',
    z.record(name, survivor).default({}),
  ),
  view: means('schema and name of the view of golden records; in the schema `golden` if absent', inSchema.optional()),
  join: means(
    'when new rows join merged clusters by themselves; only by hand if absent',
    z.strictObject({ ...scheduleTimes, overlap: overlap.default('queueOne') }).optional(),
  ),
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
