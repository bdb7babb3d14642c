import { candidatesSql, comparedColumns, meets, type CountedPass } from './candidates.ts';
import { levelOf } from './columns.ts';
import type { ScoredField } from './compiled-match.ts';
import type { SeenPass } from './learn.ts';
import { levelsSql } from './level-sql.ts';
import type { Session } from './session.ts';

/** Of each pass at most so many pairs are learnt from. */
const PASS_PAIRS = 1_000_000;

/** The pairs of a pass, by how they are alike. */
export async function alikePairs(
  session: Session,
  {
    fields,
    pass,
    before,
  }: { readonly fields: readonly ScoredField[]; readonly pass: CountedPass; readonly before: readonly CountedPass[] },
): Promise<SeenPass> {
  const share = Math.min(1, PASS_PAIRS / pass.pairs);
  const known = before.map((other) => `coalesce(${meets(other)}, false)`).join(' or ') || 'false';
  const from = candidatesSql(pass, {
    columns: comparedColumns(fields),
    besides: [],
    since: false,
    share,
    withoutStars: true,
    also: `(${known}) as known`,
  });
  const levels = fields.map(({ name }) => levelOf(name));
  const rows = await session.rows(
    `select ${[...levels, 'known', 'count(*)'].join(', ')} from (${levelsSql(fields, { from, carry: ['known'] })}) group by all order by all`,
  );
  const groups = rows.map((row) => ({
    levels: row.slice(0, fields.length).map(Number),
    pairs: Number(row[fields.length + 1]),
    known: row[fields.length] === true,
  }));
  return {
    groups,
    own: groups.filter(({ known: found }) => !found),
    scale: 1 / share,
    without: new Set(fields.flatMap(({ name }, at) => (pass.forms.some(({ field }) => field === name) ? [at] : []))),
    certain: pass.kind === 'exact',
  };
}
