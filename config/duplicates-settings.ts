import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** What a search for duplicates may take (docs/duplicates.md). */
export const duplicatesVariables = {
  SYNCLINE_DUPLICATES_MEMORY: z
    .string()
    .regex(/^\d+(MB|GB|MiB|GiB)$/, 'a size such as 1GB')
    .default('1GB'),
  SYNCLINE_DUPLICATES_THREADS: z.coerce.number('a whole number').int('a whole number').min(1, '1 or more').default(2),
  SYNCLINE_DUPLICATES_DIR: z.string().min(1).optional(),
};

export interface DuplicatesLimits {
  /** Bound of DuckDB's buffers; what does not fit goes to the file. */
  readonly memoryLimit: string;
  readonly threads: number;
  /** Where the values of rows are while they are compared. */
  readonly folder: string;
}

const variables = z.object(duplicatesVariables);

export const duplicatesLimits = (value: z.output<typeof variables>): DuplicatesLimits => ({
  memoryLimit: value.SYNCLINE_DUPLICATES_MEMORY,
  threads: value.SYNCLINE_DUPLICATES_THREADS,
  folder: value.SYNCLINE_DUPLICATES_DIR ?? join(tmpdir(), 'syncline-duplicates'),
});
