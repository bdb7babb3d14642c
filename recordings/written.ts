import { z } from 'zod';
import type { StreamDefinition } from '../definitions/definition.ts';
import { compressionOf, format } from '../definitions/formats.ts';
import { shapeOf, stepsOf } from '../definitions/records.ts';

/** How the answers of a stream are written, by its definition: a fault is put into one of their records. */
export const written = z.strictObject({
  format,
  /** The names that lead to the records, `*` for any. */
  records: z.array(z.string()),
  /** Dotted path of the number of records that an answer says there are. */
  total: z.string().optional(),
  /** Names of the files in a zip, `*` for any characters. */
  files: z.string().optional(),
});
export type Written = z.output<typeof written>;

/** Where a recording does not say it: it was made before there were others. */
export const writtenAsJson: Written = { format: 'json', records: [] };

export function writtenBy({ format, compression, records, pagination }: StreamDefinition): Written {
  const total = 'total' in pagination ? pagination.total : undefined;
  const files = compressionOf(compression)?.files;
  return {
    format,
    records: [...stepsOf(shapeOf(records).path)],
    ...(total === undefined ? {} : { total }),
    ...(files === undefined ? {} : { files }),
  };
}
