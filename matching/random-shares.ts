import { comparedColumns } from './candidates.ts';
import { levelOf, timesOf, valueOf } from './columns.ts';
import type { ScoredField } from './compiled-match.ts';
import type { Shares } from './em.ts';
import { levelsSql } from './level-sql.ts';
import type { Session } from './session.ts';

/** What fewer of all pairs are at is not told from none. */
export const LEAST = 1e-9;
/** Random pairs that are drawn; what one in this many has is not seen. 1,000,000 with eight fields take 2 to 4 s of one processor. */
const RANDOM_PAIRS = 1_000_000;

/** By field and level: the share of random pairs at this level, of those in which both rows have a value. */
export async function randomShares(session: Session, fields: readonly ScoredField[], rows: number): Promise<Shares> {
  const columns = comparedColumns(fields);
  const selected = columns.flatMap((column) => [`l.${column} as l_${column}`, `r.${column} as r_${column}`]).join(', ');
  const all = (rows * (rows - 1)) / 2 <= RANDOM_PAIRS;
  const pairs = all
    ? `select ${selected} from rows l join rows r on l.n < r.n`
    : `select ${selected} from (select hash(i, 1) % ${rows} as a, hash(i, 2) % ${rows} as b from range(${RANDOM_PAIRS}) as t(i)) join rows l on l.n = a join rows r on r.n = b where a <> b`;
  const counted = fields.flatMap((field) =>
    Array.from(
      { length: field.levels.length + 1 },
      (_, level) => `count(*) filter (${levelOf(field.name)} = ${level})`,
    ),
  );
  const [found] = await session.rows(
    `select ${counted.join(', ')} from (${levelsSql(fields, { from: pairs, carry: [] })})`,
  );
  const numbers = (found ?? []).map(Number);
  let at = 0;
  const shares: number[][] = [];
  for (const field of fields) {
    const levels = numbers.slice(at, at + field.levels.length + 1);
    at += levels.length;
    shares.push(await withExact(session, field, levels));
  }
  return shares;
}

/** How often two rows are equal is not drawn but counted: rare values would not be seen. */
async function withExact(session: Session, field: ScoredField, counts: readonly number[]): Promise<number[]> {
  const exact = field.levels.findIndex(({ name }) => name === 'exact');
  const sum = counts.reduce((all, count) => all + count, 0);
  const smooth = counts.map((count) => (count + 0.5) / (sum + 0.5 * counts.length));
  // Above `exact` a pair could be at another level; nobody writes it so.
  if (exact !== 0) return smooth;
  const [found] = await session.rows(
    `select count(*), coalesce(sum(${timesOf(valueOf(field.name))} - 1), 0) from rows where ${valueOf(field.name)} is not null`,
  );
  const [having = 0, agreeing = 0] = (found ?? []).map(Number);
  const share = having < 2 ? LEAST : Math.max(agreeing / (having * (having - 1)), LEAST);
  const rest = 1 - (smooth[exact] as number);
  return smooth.map((value, level) => (level === exact ? share : (value * (1 - share)) / rest));
}
