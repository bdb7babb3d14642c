import { SECOND } from '../../core/duration.ts';
import { NeedsAttention, RetryLater } from '../../core/errors.ts';

interface Where {
  readonly path: string;
  /** The statement was interrupted because it took longer. */
  readonly lateAfterMs?: number;
}

type Translation = readonly [RegExp, (where: Where, match: RegExpExecArray) => Error];

/** Of several workers one has the file, and the next try may be that one's: no reason to wait longer each time. */
const IN_USE = { afterMs: SECOND } as const;
const REFILLED = 'the next load fills it anew from the event log';

/** DuckDB's errors have no codes: they are told by what they begin with. */
const translations: readonly Translation[] = [
  [
    /Conflicting lock is held in (.*?) \(PID (\d+)\)/,
    ({ path }, [, program, pid]) =>
      new RetryLater(
        `${path} is in use by process ${pid} (${program}): one process at a time can open a DuckDB file. ` +
          `Stop that process, or query a copy or an export of the file`,
        IN_USE,
      ),
  ],
  [
    /Could not set lock on file/,
    ({ path }) =>
      new RetryLater(
        `${path} is in use by another process: one process at a time can open a DuckDB file. Stop that process`,
        IN_USE,
      ),
  ],
  [
    /not a valid DuckDB database file/,
    ({ path }) =>
      new NeedsAttention(`${path} is not a DuckDB file: give the target another path, or move that file away`),
  ],
  [/Is a directory/, ({ path }) => new NeedsAttention(`${path} is a folder: give the target the path of a file in it`)],
  [
    /with version number (\S+?),? but/,
    ({ path }, [, version]) =>
      new NeedsAttention(
        `${path} has version ${version} of DuckDB's format, which this driver does not read: install a newer ` +
          `@duckdb/node-api, or move the file away (${REFILLED})`,
      ),
  ],
  [
    /replaying WAL file/,
    ({ path }) =>
      new NeedsAttention(
        `${path}.wal does not belong to ${path}, as when an older copy of the file was put back: delete ${path}.wal`,
      ),
  ],
  [
    /Corrupt database file|checksum/i,
    ({ path }) => new NeedsAttention(`${path} is damaged: move it away (${REFILLED}), and look at the disk`),
  ],
  [
    /INTERRUPT/,
    ({ path, lateAfterMs }) =>
      new RetryLater(
        lateAfterMs === undefined
          ? `a statement on ${path} was interrupted`
          : `a statement on ${path} took longer than ${lateAfterMs / 1000} s: load fewer rows at once, or give it more time`,
      ),
  ],
  [
    /Out of Memory/i,
    ({ path }) =>
      new RetryLater(
        `DuckDB needs more memory for ${path} than its limit: raise memoryLimit, or load fewer rows at once`,
      ),
  ],
  [
    /No space left|Could not write|Disk quota/i,
    ({ path }, [what]) => new RetryLater(`${path} cannot be written (${what}): make room on its disk`),
  ],
  [
    /Permission denied|Read-only file system/i,
    ({ path }, [what]) => new NeedsAttention(`${path} cannot be opened for writing (${what})`),
  ],
  [
    /entries that depend on it/,
    ({ path }, [what]) =>
      new NeedsAttention(
        `a table in ${path} cannot be changed, as there are ${what}: drop the index that somebody made on it`,
      ),
  ],
  [
    /Conflict on|write-write conflict/i,
    ({ path }) => new RetryLater(`${path} was changed meanwhile by another connection`),
  ],
  [
    /^(?:TransactionContext Error: .*)?Constraint Error/,
    ({ path }) =>
      new NeedsAttention(
        `a constraint or a unique index that somebody made on a table in ${path} refuses a row: drop it; the words of DuckDB are left ` +
          'out because they quote the row',
      ),
  ],
  [
    /^(Conversion|Invalid Input|Out of Range) Error/,
    ({ path }, [, kind]) =>
      // The message holds the value.
      new NeedsAttention(
        `DuckDB refused a value for ${path} (${kind} Error); its words are left out because they quote it`,
      ),
  ],
];

/** The error in our words where there are any. Messages that quote records are replaced, and not kept as a cause. */
export function knownError(error: unknown, where: Where): unknown {
  const message = messageOf(error);
  for (const [pattern, translate] of translations) {
    const match = pattern.exec(message);
    if (match !== null) return translate(where, match);
  }
  return error;
}

/** Not `instanceof Error`: the driver's errors are of another realm where code runs in a `vm` context, as tests do. */
const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
