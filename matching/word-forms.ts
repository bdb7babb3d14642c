import { literal } from './sql.ts';

/** Words that a name may have or not. Companies that differ only in them are a level apart (`words`), not the same. */
const besides = [
  ...['mr', 'mrs', 'ms', 'miss', 'mister', 'dr', 'prof', 'sir', 'herr', 'frau', 'jr', 'sr', 'phd', 'the', 'and', 'und'],
  ...[
    'inc',
    'incorporated',
    'llc',
    'ltd',
    'limited',
    'plc',
    'corp',
    'corporation',
    'co',
    'company',
    'lp',
    'llp',
    'pty',
  ],
  ...['gmbh', 'ag', 'kg', 'mbh', 'ohg', 'ug', 'se', 'sa', 'sas', 'sarl', 'srl', 'spa', 'bv', 'nv', 'ab', 'as', 'oy'],
];

/** SQL: the words of a value that is in normal form, in the order of the alphabet, each once, without titles and legal forms. */
export function sortedWords(sql: string, kind: 'name' | 'other'): string {
  const all = `list_sort(list_distinct(string_split(${sql}, ' ')))`;
  if (kind === 'other') return all;
  return `coalesce(nullif(list_filter(${all}, lambda w: w not in (${besides.map(literal).join(', ')})), []), ${all})`;
}

/**
 * SQL: how words of a value in normal form sound. Each word becomes up to four codes in the manner of Soundex (letters of one sound have one digit, vowels
 * only count where a word begins), and its first consonant is a digit too, so that Catherine is Katherine. Words in order of their codes.
 */
export function sounds(sql: string): string {
  const spelt = spellings.reduce(
    (text, [written, heard]) => `replace(${text}, '${written}', '${heard}')`,
    `' ' || ${sql} || ' '`,
  );
  // Vowels stand as points until runs are made one: the two consonants of "tot" are two.
  const coded = `translate(regexp_replace(${spelt}, ' [aeiouy]', ' 7', 'g'), 'bfpvcgjkqsxzdtlmnraeiouyhw', '111122222222334556......')`;
  const runs = ['1', '2', '3', '4', '5', '6'].reduce(
    (text, digit) => `replace(replace(${text}, '${digit}${digit}', '${digit}'), '${digit}${digit}', '${digit}')`,
    coded,
  );
  const short = `regexp_replace(replace(${runs}, '.', ''), '([^ ]{4})[^ ]*', '\\1', 'g')`;
  return `array_to_string(list_sort(string_split(trim(${short}), ' ')), ' ')`;
}

/** What is written otherwise than it sounds; a space is where a word begins or ends. */
const spellings = [
  [' kn', ' n'],
  [' gn', ' n'],
  [' wr', ' r'],
  [' ps', ' s'],
  [' mac', ' mc'],
  ['ph', 'f'],
  ['sch', 's'],
  ['tch', 'c'],
  ['ght', 't'],
] as const;

const BANDS = 6;
/** Hashes of a band: values of which a share s of the trigrams agrees are in one of its blocks with the probability s to this power. */
const HASHES = 2;

/**
 * SQL: a list of keys of which two values share one the more probably the more trigrams they share (MinHash: Broder, On the resemblance and containment of
 * documents, 1997). Of values with 70 % of their trigrams in common 98 in 100 share a key, with 50 % 82, with 30 % 43, with 10 % 6.
 */
export function trigramKeys(sql: string): string {
  const padded = `(' ' || ${sql} || ' ')`;
  const hashes = `list_transform(range(1, greatest(length(${padded}) - 1, 2)), lambda at: hash(substr(${padded}, at, 3)))`;
  const least = (seed: number): string => `list_min(list_transform(h, lambda x: xor(x, hash(${seed}))))`;
  const bands = Array.from(
    { length: BANDS },
    (_, band) => `hash(${[band, ...Array.from({ length: HASHES }, (__, at) => least(band * HASHES + at))].join(', ')})`,
  );
  return `list_transform([${hashes}], lambda h: [${bands.join(', ')}])[1]`;
}
