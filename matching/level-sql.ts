import { assertNever } from '../core/assert-never.ts';
import { calledOf, dayOf, levelOf, soundOf, sortedOf, valueOf } from './columns.ts';
import { hasLevel, type ScoredField } from './compiled-match.ts';
import type { MatchLevel } from '../core/match-level.ts';

/** No level: one of the two rows has no value. */
export const MISSING = -1;
/** The other one of two names tells how they are swapped. */
export const SWAPPED = -2;

/**
 * SQL that adds the level of each field to pairs (rows of `from`, with the columns of both rows as `l_…` and `r_…`): `g_<field>` is the number of the level, the
 * number of levels for `else`, MISSING, or SWAPPED. What several levels ask for is worked out once, and only for values that differ.
 */
export function levelsSql(
  fields: readonly ScoredField[],
  input: { readonly from: string; readonly carry: readonly string[] },
): string {
  const measured = fields.flatMap((field) => measures(field).map(({ name, sql }) => `${sql} as ${name}`));
  const levels = fields.map((field) => `${levelCase(field)} as ${levelOf(field.name)}`);
  const inner = `select *${measured.length === 0 ? '' : `, ${measured.join(', ')}`} from (${input.from})`;
  return `select ${[...input.carry, ...levels].join(', ')} from (${inner})`;
}

const both = (column: string, test: (l: string, r: string) => string): string => test(`l_${column}`, `r_${column}`);
const equal = (column: string): string => both(column, (l, r) => `${l} = ${r}`);

interface Measure {
  readonly name: string;
  readonly sql: string;
}

function measures(field: ScoredField): readonly Measure[] {
  const value = valueOf(field.name);
  const worded = field.kind === 'name' || field.kind === 'text' || field.kind === 'address';
  const like = both(value, (l, r) => `jaro_winkler_similarity(${l}, ${r})`);
  const likeWords = both(calledOf(field.name), (l, r) => `jaro_winkler_similarity(${l}, ${r})`);
  // Words in another order are as alike as those in the same.
  const several = both(value, (l, r) => `contains(${l}, ' ') and contains(${r}, ' ')`);
  const similar = worded ? `case when ${several} then greatest(${like}, ${likeWords}) else ${like} end` : like;
  const most = Math.max(0, ...field.levels.filter(({ name }) => name === 'edits').map(({ bound }) => bound));
  const differ = both(value, (l, r) => `${l} <> ${r}`);
  return [
    ...(hasLevel(field, 'similar')
      ? [{ name: `like_${field.name}`, sql: `case when ${differ} then ${similar} end` }]
      : []),
    ...(most > 0
      ? [
          {
            name: `edits_${field.name}`,
            sql: `case when ${differ} and ${both(value, (l, r) => `abs(length(${l}) - length(${r})) <= ${most}`)} then ${both(value, (l, r) => `damerau_levenshtein(${l}, ${r})`)} end`,
          },
        ]
      : []),
  ];
}

function levelCase(field: ScoredField): string {
  const { name, levels, swappedBy } = field;
  const missing = both(valueOf(name), (l, r) => `${l} is null or ${r} is null`);
  const cases = levels.map((level, at) => `when ${levelSql(field, level)} then ${at}`);
  const swapped = swappedBy === undefined ? '' : `when ${swappedSql(swappedBy, name)} then ${SWAPPED} `;
  return `(case ${swapped}when ${missing} then ${MISSING} ${cases.join(' ')} else ${levels.length} end)::tinyint`;
}

/** Each has what the other has as its other name, or nearly; the names are not the same in order as well. */
function swappedSql(one: string, other: string): string {
  const [a, b] = [valueOf(one), valueOf(other)];
  return (
    `l_${a} <> r_${a} and l_${b} <> r_${b} and l_${a} <> l_${b} and ` +
    `jaro_winkler_similarity(l_${a}, r_${b}) >= 0.92 and jaro_winkler_similarity(l_${b}, r_${a}) >= 0.92`
  );
}

function levelSql({ name: field, kind, swapsWith }: ScoredField, { name, bound }: MatchLevel): string {
  const value = valueOf(field);
  switch (name) {
    case 'exact':
      return equal(value);
    case 'words':
      return equal(sortedOf(field));
    case 'nickname':
      return equal(calledOf(field));
    case 'sounds':
      return equal(soundOf(field));
    case 'initial':
      return both(value, initial);
    case 'swapped':
      return kind === 'date' ? both(value, dayAndMonth) : swappedSql(field, swapsWith ?? field);
    case 'similar':
      return `like_${field} >= ${bound}`;
    case 'edits':
      return `edits_${field} <= ${bound}`;
    case 'overlap':
      return both(sortedOf(field), (l, r) => overlap(l, r, bound));
    case 'local':
      return both(value, (l, r) => `split_part(${l}, '@', 1) = split_part(${r}, '@', 1)`);
    case 'end':
      return both(value, (l, r) => `length(${l}) >= ${bound} and right(${l}, ${bound}) = right(${r}, ${bound})`);
    case 'days':
      return both(dayOf(field), (l, r) => `abs(date_diff('day', ${l}, ${r})) <= ${bound}`);
    case 'near':
      return both(value, (l, r) => `abs(${l} - ${r}) <= ${bound} * greatest(abs(${l}), abs(${r}))`);
    default:
      return assertNever(name);
  }
}

/** `j`, or `j smith`, and a name that begins so and ends alike. */
const initial = (l: string, r: string): string =>
  `left(${l}, 1) = left(${r}, 1) and (length(${l}) = 1 or length(${r}) = 1 or ` +
  `((strpos(${l}, ' ') = 2 or strpos(${r}, ' ') = 2) and split_part(${l}, ' ', -1) = split_part(${r}, ' ', -1)))`;

const dayAndMonth = (l: string, r: string): string =>
  `left(${l}, 4) = left(${r}, 4) and substr(${l}, 6, 2) = substr(${r}, 9, 2) and substr(${l}, 9, 2) = substr(${r}, 6, 2)`;

/** Of the words that either has, the share that both have. */
const overlap = (l: string, r: string, bound: number): string => {
  const [a, b] = [`string_split(${l}, ' ')`, `string_split(${r}, ' ')`];
  const common = `len(list_intersect(${a}, ${b}))`;
  return `${common} >= ${bound} * (len(${a}) + len(${b}) - ${common})`;
};
