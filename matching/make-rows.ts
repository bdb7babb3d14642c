import { calledOf, dayOf, rawOf, sortedOf, soundOf, timesOf, valueOf } from './columns.ts';
import { hasLevel, type CompiledMatch, type ScoredField } from './compiled-match.ts';
import { keyOf } from './form-sql.ts';
import { nicknames } from './nicknames.ts';
import { normalForm } from './normal-form.ts';
import type { Session } from './session.ts';
import type { LevelName } from '../core/match-level.ts';
import { literal } from './sql.ts';
import { sortedWords, sounds } from './word-forms.ts';

/**
 * Makes the table `rows` of `raw`: rows by number (`n`) in the order of stream and id, with their values in normal form, the forms that levels ask for, how many
 * rows have the same value, and the keys of each pass. `fresh`: SQL that says which rows are looked at anew.
 */
export async function makeRows(session: Session, match: CompiledMatch, fresh: string): Promise<void> {
  await makeValues(session, match, fresh);
  await makeNicknames(session, match);
  const counted = match.scored.flatMap(countedColumns);
  for (const column of counted)
    await session.run(
      `create table times_${column} as select ${column}, count(*)::uinteger as ${timesOf(column)} from vals where ${column} is not null group by all`,
    );
  const columns = [
    ...counted.map((column) => `times_${column}.${timesOf(column)}`),
    ...match.passes.map((pass) => `${keyOf(pass, match)} as ${pass.column}`),
  ];
  const joins = counted.map((column) => `left join times_${column} using (${column})`);
  await session.run(`create table rows as select vals.*, ${columns.join(', ')} from vals ${joins.join(' ')}`);
  for (const column of counted) await session.run(`drop table times_${column}`);
  await session.run('drop table vals');
}

/** Levels at which two values are equal in a form: how common that is hangs on the value. */
const equalBy: Readonly<Partial<Record<LevelName, (field: ScoredField) => string>>> = {
  exact: ({ name }) => valueOf(name),
  words: ({ name }) => sortedOf(name),
  nickname: ({ name }) => calledOf(name),
};

/** The column that is equal at a level; undefined: none is. */
export const equalAt = (field: ScoredField, level: LevelName): string | undefined => equalBy[level]?.(field);

/** The columns of a field of which it is counted how many rows have each value. */
export const countedColumns = (field: ScoredField): readonly string[] => [
  ...new Set([
    valueOf(field.name),
    ...(field.termFrequency ? field.levels.flatMap(({ name }) => equalAt(field, name) ?? []) : []),
  ]),
];

async function makeValues(session: Session, match: CompiledMatch, fresh: string): Promise<void> {
  const values = match.fields.map((field) => `${normalForm(rawOf(field.name), field)} as ${valueOf(field.name)}`);
  const forms = match.scored.flatMap((field) => formsOf(field));
  const numbered = `select (row_number() over (order by s, id) - 1)::uinteger as n, * from raw`;
  await session.run(
    `create table vals as select *${forms.map((form) => `, ${form}`).join('')} from (select n, s, id, ${fresh} as fresh${values.map((value) => `, ${value}`).join('')} from (${numbered}))`,
  );
  await session.run('drop table raw');
}

/** What is compared by words, in any order. */
export const isWorded = (field: ScoredField): boolean =>
  (field.kind === 'name' || field.kind === 'text' || field.kind === 'address') &&
  hasLevel(field, 'words', 'nickname', 'similar', 'overlap');

/** Only names of people have nicknames. */
const isNamed = (field: ScoredField): boolean => field.kind === 'name' && isWorded(field);

/** Words in any order, by which values are compared that have several. */
export const wordsOf = (field: ScoredField): string => (isNamed(field) ? calledOf : sortedOf)(field.name);

function formsOf(field: ScoredField): readonly string[] {
  const value = valueOf(field.name);
  const words = sortedWords(value, field.kind === 'name' ? 'name' : 'other');
  return [
    ...(isWorded(field) ? [`array_to_string(${words}, ' ') as ${sortedOf(field.name)}`] : []),
    ...(hasLevel(field, 'sounds') ? [`${sounds(value)} as ${soundOf(field.name)}`] : []),
    ...(hasLevel(field, 'days') ? [`try_cast(${value} as date) as ${dayOf(field.name)}`] : []),
  ];
}

/** Adds what names are without nicknames. */
async function makeNicknames(session: Session, match: CompiledMatch): Promise<void> {
  const named = match.scored.filter(isNamed);
  if (named.length === 0) return;
  const pairs = [...nicknames].map(([short, name]) => `(${literal(short)}, ${literal(name)})`);
  await session.run(`create table nicknames as select * from (values ${pairs.join(', ')}) as t(short, name)`);
  for (const { name } of named) {
    const [sorted, called] = [sortedOf(name), calledOf(name)];
    const words = `select ${sorted}, unnest(string_split(${sorted}, ' ')) as word from (select distinct ${sorted} from vals where ${sorted} is not null)`;
    const whole = `select ${sorted}, string_agg(coalesce(name, word), ' ' order by coalesce(name, word)) as ${called} from (${words}) left join nicknames on short = word group by ${sorted} having count(name) > 0`;
    await session.run(`create table names_${name} as ${whole}`);
  }
  const columns = named.map(
    ({ name }) => `coalesce(names_${name}.${calledOf(name)}, vals.${sortedOf(name)}) as ${calledOf(name)}`,
  );
  const joins = named.map(({ name }) => `left join names_${name} using (${sortedOf(name)})`);
  await session.run(`create table called as select vals.*, ${columns.join(', ')} from vals ${joins.join(' ')}`);
  for (const { name } of named) await session.run(`drop table names_${name}`);
  await session.run('drop table nicknames');
  await session.run('drop table vals');
  await session.run('alter table called rename to vals');
}
