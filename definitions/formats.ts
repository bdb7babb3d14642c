import { z } from 'zod';
import { isCharset } from '../core/charset.ts';
import type { Compression } from '../core/source.ts';

/** What an answer is written in, and how it is packed. */

const encoding = z
  .string()
  .refine(isCharset, 'a charset such as utf-8, utf-16le, latin1, windows-1252 or shift_jis')
  .optional();
const character = z.string().length(1);
/** Texts that stand for null. */
const nulls = z.array(z.string()).default([]);

const json = z.strictObject({ type: z.literal('json'), encoding });
const ndjson = z.strictObject({ type: z.literal('ndjson'), encoding });
export const csvFormat = z.strictObject({
  type: z.literal('csv'),
  encoding,
  delimiter: z.string().min(1).default(','),
  /** `false`: quotes are characters like others. */
  quote: z.union([character, z.literal(false)]).default('"'),
  /** What stands before a quote within quotes: another quote, or `\`. */
  escape: character.optional(),
  /** Lines that begin with it are no rows. */
  comment: z.string().min(1).optional(),
  /** Before the header row, or the first row. */
  skipLines: z.int().nonnegative().default(0),
  /** Names of the fields, where there is no header row. */
  columns: z.array(z.string().min(1)).min(1).optional(),
  nulls,
});
export const xmlFormat = z.strictObject({
  type: z.literal('xml'),
  encoding,
  /** Before the name of an attribute. */
  attributes: z.string().min(1).default('@'),
  /** The field for the text of an element that has attributes or elements as well. */
  text: z.string().min(1).default('#text'),
  /** Dotted paths from the root of elements that are always lists: others are one only where they come more than once. */
  arrays: z.array(z.string().min(1)).default([]),
  nulls,
});

const whole = z.discriminatedUnion('type', [json, ndjson, csvFormat, xmlFormat]);
export type Format = z.output<typeof whole>;
export type CsvFormat = z.output<typeof csvFormat>;
export type XmlFormat = z.output<typeof xmlFormat>;

export const format = z.union([z.enum(['json', 'ndjson', 'csv', 'xml']), whole]).optional();

const byName: Readonly<Record<Format['type'], Format>> = {
  json: json.parse({ type: 'json' }),
  ndjson: ndjson.parse({ type: 'ndjson' }),
  csv: csvFormat.parse({ type: 'csv' }),
  xml: xmlFormat.parse({ type: 'xml' }),
};

export const formatOf = (given: z.output<typeof format>): Format =>
  typeof given === 'string' ? byName[given] : (given ?? byName.json);

export const compression = z
  .union([
    z.enum(['none', 'gzip', 'zip', 'auto']),
    z.strictObject({ type: z.enum(['zip', 'auto']).default('zip'), files: z.string().min(1) }),
  ])
  .default('none');

export const compressionOf = (given: z.output<typeof compression>): Compression | undefined =>
  given === 'none' ? undefined : typeof given === 'string' ? { type: given } : given;

const media: Readonly<Record<Format['type'], string>> = {
  json: 'application/json',
  ndjson: 'application/x-ndjson, application/json;q=0.9, */*;q=0.5',
  csv: 'text/csv, */*;q=0.5',
  xml: 'application/xml, text/xml;q=0.9, */*;q=0.5',
};

/** What a request says that it accepts. */
export const acceptOf = (stream: {
  readonly format?: z.output<typeof format>;
  readonly compression: z.output<typeof compression>;
}): string => (stream.compression === 'none' ? media[formatOf(stream.format).type] : '*/*');
