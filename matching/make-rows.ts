import { calledOf, dayOf, rawOf, sortedOf, soundOf, timesOf, valueOf } from './columns.ts';
import { hasLevel, type CompiledMatch, type ScoredField } from './compiled-match.ts';
import { keyOf } from './form-sql.ts';
import { nicknames } from './nicknames.ts';
import { normalForm } from './normal-form.ts';
import type { Session } from './session.ts';
import { literal } from './sql.ts';
import { sortedWords, sounds } from './word-forms.ts';

/**
 * Makes the table `rows` of `raw`: rows by number (`n`) in the order of stream and id, with their values in normal form, the forms that levels ask for, how many
 * rows have the same value, and the keys of each pass. `fresh`: SQL that says which rows are looked at anew.
 */
export async function makeRows(session: Session, match: CompiledMatch, fresh: string): Promise<void> {
  await makeValues(session, match, fresh);
  await makeNicknames(session, match);
  for (const { name } of match.scored)
    await session.run(
      `create table times_${name} as select ${valueOf(name)}, count(*)::uinteger as ${timesOf(name)} from vals where ${valueOf(name)} is not null group by all`,
    );
  const worded = match.scored.filter(isWorded);
  const columns = [
    ...match.scored.map(({ name }) => `times_${name}.${timesOf(name)}`),
    ...worded.map(
      ({ name }) => `coalesce(names_${name}.${calledOf(name)}, vals.${sortedOf(name)}) as ${calledOf(name)}`,
    ),
    ...match.passes.map((pass) => `${keyOf(pass, match)} as ${pass.column}`),
  ];
  const joins = [
    ...match.scored.map(({ name }) => `left join times_${name} using (${valueOf(name)})`),
    ...worded.map(({ name }) => `left join names_${name} using (${sortedOf(name)})`),
  ];
  await session.run(`create table rows as select vals.*, ${columns.join(', ')} from vals ${joins.join(' ')}`);
  for (const { name } of match.scored) await session.run(`drop table times_${name}`);
  for (const { name } of worded) await session.run(`drop table names_${name}`);
  await session.run('drop table vals');
}

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

function formsOf(field: ScoredField): readonly string[] {
  const value = valueOf(field.name);
  const words = sortedWords(value, field.kind === 'name' ? 'name' : 'other');
  return [
    ...(isWorded(field) ? [`array_to_string(${words}, ' ') as ${sortedOf(field.name)}`] : []),
    ...(hasLevel(field, 'sounds') ? [`${sounds(value)} as ${soundOf(field.name)}`] : []),
    ...(hasLevel(field, 'days') ? [`try_cast(${value} as date) as ${dayOf(field.name)}`] : []),
  ];
}

/** Tables of the texts that have a nickname in them, and what they are without. */
async function makeNicknames(session: Session, match: CompiledMatch): Promise<void> {
  const pairs = [...nicknames].map(([short, name]) => `(${literal(short)}, ${literal(name)})`);
  await session.run(`create table nicknames as select * from (values ${pairs.join(', ')}) as t(short, name)`);
  for (const field of match.scored.filter(isWorded)) {
    const [sorted, called] = [sortedOf(field.name), calledOf(field.name)];
    const words = `select ${sorted}, unnest(string_split(${sorted}, ' ')) as word from (select distinct ${sorted} from vals where ${sorted} is not null)`;
    const whole = `select ${sorted}, string_agg(coalesce(name, word), ' ' order by coalesce(name, word)) as ${called} from (${words}) left join nicknames on short = word group by ${sorted} having count(name) > 0`;
    // Only names of people have them.
    await session.run(`create table names_${field.name} as ${whole}${field.kind === 'name' ? '' : ' limit 0'}`);
  }
  await session.run('drop table nicknames');
}
