import { assertNever } from '../../core/assert-never.ts';
import { formatOf } from '../../definitions/formats.ts';
import type { Written } from '../written.ts';
import { csvSpoiler } from './csv.ts';
import { jsonSpoiler } from './json.ts';
import { ndjsonSpoiler } from './ndjson.ts';
import { xmlSpoiler } from './xml.ts';
import type { Spoiler } from './spoil-records.ts';

/** What the mistakes look like in answers that are written so. */
export function spoilerOf({ format, records, total }: Written): Spoiler {
  const of = formatOf(format);
  switch (of.type) {
    case 'json':
      return jsonSpoiler(total);
    case 'ndjson':
      return ndjsonSpoiler(records);
    case 'csv':
      return csvSpoiler(of);
    case 'xml':
      return xmlSpoiler(records, total);
    default:
      return assertNever(of);
  }
}
