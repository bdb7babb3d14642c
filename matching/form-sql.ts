import type { CompiledMatch, MatchField, Pass } from './compiled-match.ts';
import type { MatchForm } from '../core/match-form.ts';
import { valueOf } from './columns.ts';
import { sortedWords, sounds, trigramKeys } from './word-forms.ts';

/**
 * SQL for the keys of a pass by which rows meet: a text of an exact rule, so that nothing but equality counts; a hash of a block, or a list of hashes in
 * order where a row has several. NULL: the row has no value of one of the forms, and meets nobody.
 */
export function keyOf({ kind, forms, many }: Pass, { fields }: Pick<CompiledMatch, 'fields'>): string {
  const parts = forms.map((form) => ({ form, sql: formSql(form, fields) }));
  const [several] = parts.filter(({ form }) => form.form === 'words' || form.form === 'trigram');
  const all = parts.map(({ sql }) => `${sql} is not null`).join(' and ');
  const texts = parts.filter((part) => part !== several).map(({ sql }) => `${sql}::varchar`);
  if (kind !== 'block') return `case when ${all} then ${texts.join(' || chr(31) || ')} end`;
  if (!many || several === undefined) return `case when ${all} then hash(${texts.join(', ')}) end`;
  const each = `list_transform(${several.sql}, lambda each: hash(${['each', ...texts].join(', ')}))`;
  return `case when ${all} then list_sort(list_distinct(${each})) end`;
}

function formSql({ field, form, length }: MatchForm, fields: readonly MatchField[]): string {
  const value = valueOf(field);
  const kind = fields.find(({ name }) => name === field)?.kind;
  if (form === undefined) return value;
  if (form === 'phonetic') return `nullif(${sounds(value)}, '')`;
  if (form === 'sorted') return `array_to_string(${sortedWords(value, kind === 'name' ? 'name' : 'other')}, ' ')`;
  // A single letter says too little.
  if (form === 'words')
    return `nullif(list_filter(${sortedWords(value, kind === 'name' ? 'name' : 'other')}, lambda w: length(w) > 1), [])`;
  if (form === 'trigram') return trigramKeys(value);
  if (form === 'year') return `left(${value}, 4)`;
  if (form === 'month') return `left(${value}, 7)`;
  return `case when length(${value}) >= ${length} then ${form === 'prefix' ? 'left' : 'right'}(${value}, ${length}) end`;
}
