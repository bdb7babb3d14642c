import { BucketSums, FIELD_END } from '../bucket-sums.ts';
import { jsonbText } from '../jsonb-text.ts';
import type { TargetTable } from '../target.ts';
import { bucketSql, DELETED, type DigestColumn, digestColumns, joined, keySql, sumSql } from './digest-sql.ts';
import type { FileWork } from './duckdb-file.ts';
import { nameOf } from './names.ts';

/**
 * Counts and checksums of all rows. DuckDB keeps JSON as it came, so rows that have some are put into one form here, one after the other; all others are
 * summed where they are.
 */
export async function bucketSums(on: FileWork, table: TargetTable): Promise<BucketSums> {
  const columns = await digestColumns(on, table);
  const sums = new BucketSums();
  const bucket = bucketSql(keySql(table, columns));
  const documents = [...columns.filter(({ type }) => type === 'json').map(({ stored }) => stored), '_extra'];
  const holdsNone = documents.map((name) => `${name} is null`).join(' and ');
  const plain = joined(['_event::varchar', DELETED, ...columns.map(withoutDocument), `''`]);
  for (const [of, count, sum] of await on.sql.rows(
    `select bucket, count(*), sum(digest) from (select ${bucket} as bucket, ${sumSql(plain)} as digest from ${nameOf(on.catalog, table)}
      where ${holdsNone}) group by bucket`,
  ))
    sums.add(Number(of), { rows: Number(count), sum: sum as bigint });

  const pieces = piecesOf(columns);
  for await (const [of, ...found] of on.sql.stream(
    `select ${[bucket, ...pieces.map(({ sql }) => sql)].join(', ')} from ${nameOf(on.catalog, table)} where not (${holdsNone})`,
  ))
    sums.addRow(
      Number(of),
      pieces.map(({ isDocument }, i) => written(found[i] as string | null, isDocument)).join(FIELD_END),
    );
  return sums;
}

const withoutDocument = ({ type, field }: DigestColumn): string => (type === 'json' ? `''` : field);

const written = (text: string | null, isDocument: boolean): string =>
  text === null ? '' : isDocument ? jsonbText(text) : text;

interface Piece {
  readonly sql: string;
  readonly isDocument: boolean;
}

/** The text of a row in as few values as can be: fields between two documents come as one. */
function piecesOf(columns: readonly DigestColumn[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let between = ['_event::varchar', DELETED];
  const end = (): void => {
    if (between.length > 0) pieces.push({ sql: joined(between), isDocument: false });
    between = [];
  };
  for (const { type, field } of columns) {
    if (type !== 'json') {
      between.push(field);
      continue;
    }
    end();
    pieces.push({ sql: field, isDocument: true });
  }
  end();
  return [...pieces, { sql: '_extra::varchar', isDocument: true }];
}
