import { z } from 'zod';
import { isCharset } from '../core/charset.ts';
import type { Compression } from '../core/source.ts';
import { means } from './means.ts';

/** What an answer is written in, and how it is packed. */

const encoding = means(
  'charset of the text, such as `latin1`; if absent, the answer says it, else UTF-8',
  z.string().refine(isCharset, 'a charset such as utf-8, utf-16le, latin1, windows-1252 or shift_jis').optional(),
);
const character = z.string().length(1);
const nulls = means("texts that stand for null, such as `['', NULL]`", z.array(z.string()).default([]));

const json = z.strictObject({ type: means('one JSON text', z.literal('json')), encoding });
const ndjson = z.strictObject({ type: means('one JSON text per line', z.literal('ndjson')), encoding });
export const csvFormat = z.strictObject({
  type: means('one record per row; all values are texts', z.literal('csv')),
  encoding,
  delimiter: means('text between fields', z.string().min(1).default(',')),
  quote: means(
    'character around fields; with `false` quotes are ordinary characters',
    z.union([character, z.literal(false)]).default('"'),
  ),
  escape: means('character before a quote within quotes; another quote if absent', character.optional()),
  comment: means('lines that begin with this text are ignored', z.string().min(1).optional()),
  skipLines: means('lines to skip before the header row, or before the first row', z.int().nonnegative().default(0)),
  columns: means('names of the fields, if there is no header row', z.array(z.string().min(1)).min(1).optional()),
  nulls,
});
export const xmlFormat = z.strictObject({
  type: means('elements become objects, lists or texts', z.literal('xml')),
  encoding,
  attributes: means('text before the names of attributes', z.string().min(1).default('@')),
  text: means(
    'field for the text of an element that has attributes or elements as well',
    z.string().min(1).default('#text'),
  ),
  arrays: means(
    'dotted paths from the root of elements that are always lists, such as `[feed.entry.tag]`',
    z.array(z.string().min(1)).default([]),
  ),
  nulls,
});
const whole = z.discriminatedUnion('type', [json, ndjson, csvFormat, xmlFormat]);
export type Format = z.output<typeof whole>;
export type CsvFormat = z.output<typeof csvFormat>;
export type XmlFormat = z.output<typeof xmlFormat>;

export const format = means(
  'format of the answer, by name or with settings; `json` if absent',
  z.union([z.enum(['json', 'ndjson', 'csv', 'xml']), whole]).optional(),
);
const byName: Readonly<Record<Format['type'], Format>> = {
  json: json.parse({ type: 'json' }),
  ndjson: ndjson.parse({ type: 'ndjson' }),
  csv: csvFormat.parse({ type: 'csv' }),
  xml: xmlFormat.parse({ type: 'xml' }),
};

export const formatOf = (given: z.output<typeof format>): Format =>
  typeof given === 'string' ? byName[given] : (given ?? byName.json);

export const compression = means(
  'whether the answer is a compressed file, whatever its `Content-Encoding`; `auto` looks at its first bytes',
  z
    .union([
      z.enum(['none', 'gzip', 'zip', 'auto']),
      z.strictObject({
        type: means('a zip archive, or what the first bytes say', z.enum(['zip', 'auto']).default('zip')),
        files: means('names of the files to read from the archive; `*` stands for any characters', z.string().min(1)),
      }),
    ])
    .default('none'),
);
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
