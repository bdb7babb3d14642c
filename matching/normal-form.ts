import { literal } from './sql.ts';
import type { MatchField } from './compiled-match.ts';

/** SQL for DuckDB that brings the text of a column to the form in which it is compared; NULL: there is no value. */
export function normalForm(sql: string, { kind, country }: Omit<MatchField, 'name'>): string {
  if (kind === 'email') return email(sql);
  if (kind === 'phone') return phone(sql, country);
  if (kind === 'date') return date(sql);
  if (kind === 'amount') return `try_cast(regexp_replace(${sql}, '[^0-9.eE+-]', '', 'g') as double)`;
  if (kind === 'id') return identifier(sql);
  return kind === 'address' ? address(sql) : `nullif(${words(sql)}, '')`;
}

/** Without case, accents, punctuation and spaces more than one. All scripts keep their letters. */
const words = (sql: string): string =>
  `trim(regexp_replace(regexp_replace(strip_accents(translate(replace(replace(replace(lower(${sql}), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđðı', 'olddi')), '[''’\`´]', '', 'g'), '[^\\p{L}\\p{N}]+', ' ', 'g'))`;

const GMAIL = ['gmail.com', 'googlemail.com'];
/**
 * Providers that deliver `name+anything` to `name`. Gmail also takes no notice of dots (https://support.google.com/mail/answer/7436150), all the others do.
 * Outlook: https://learn.microsoft.com/exchange/recipients-in-exchange-online/plus-addressing-in-exchange-online, Fastmail:
 * https://www.fastmail.help/hc/en-us/articles/360060591053, Proton: https://proton.me/support/creating-aliases, iCloud: by use.
 */
const PLUS = [
  ...GMAIL,
  ...['outlook.com', 'hotmail.com', 'live.com', 'icloud.com', 'me.com', 'mac.com'],
  ...['fastmail.com', 'proton.me', 'protonmail.com', 'pm.me'],
];
const listed = (texts: readonly string[]): string => texts.map(literal).join(', ');

function email(sql: string): string {
  const text = `regexp_replace(lower(${sql}), '\\s|^\\s*mailto:', '', 'g')`;
  const [local, domain] = [`regexp_replace(${text}, '@[^@]*$', '')`, `regexp_extract(${text}, '@([^@]*)$', 1)`];
  const plain = `case when ${domain} in (${listed(PLUS)}) then split_part(${local}, '+', 1) else ${local} end`;
  return (
    `case when ${domain} = '' then nullif(${text}, '') ` +
    `when ${domain} in (${listed(GMAIL)}) then replace(${plain}, '.', '') || '@gmail.com' ` +
    `else ${plain} || '@' || ${domain} end`
  );
}

/** As people write numbers, with a country code in front: `+44`, or `0044`. Digits after `x` or `ext` are an extension. */
function phone(sql: string, country: string | undefined): string {
  const dialled = `regexp_replace(regexp_replace(replace(lower(${sql}), '(0)', ''), '(x|ext|#).*$', ''), '[^0-9+]', '', 'g')`;
  const digits = `ltrim(replace(${dialled}, '+', ''), '0')`;
  const whole =
    country === undefined
      ? digits
      : `case when regexp_matches(${dialled}, '^(\\+|00)') or (length(${digits}) > 10 and starts_with(${digits}, '${country}') and not starts_with(${dialled}, '0')) then ${digits} else '${country}' || ${digits} end`;
  // An extension or a mark such as `n/a` is no number.
  return `case when length(${digits}) >= 5 then ${whole} end`;
}

/** `2026-11-30`, also of what is no day: a typo makes no difference to how it is written. */
function date(sql: string): string {
  const text = `trim(${sql})`;
  const part = (pattern: string, group: number): string =>
    `lpad(regexp_extract(${text}, '${pattern}', ${group}), 2, '0')`;
  const [points, slashes] = [
    String.raw`^(\d{1,2})\.(\d{1,2})\.(\d{4})`,
    String.raw`^(\d{1,2})[/-](\d{1,2})[/-](\d{4})`,
  ];
  const year = (pattern: string): string => `regexp_extract(${text}, '${pattern}', 3)`;
  return (
    `case when regexp_matches(${text}, '^\\d{4}-\\d\\d-\\d\\d') then left(${text}, 10) ` +
    `when regexp_full_match(${text}, '\\d{8}') then left(${text}, 4) || '-' || substr(${text}, 5, 2) || '-' || right(${text}, 2) ` +
    `when regexp_matches(${text}, '${points}') then ${year(points)} || '-' || ${part(points, 2)} || '-' || ${part(points, 1)} ` +
    `when regexp_matches(${text}, '${slashes}') then ${year(slashes)} || '-' || ${part(slashes, 1)} || '-' || ${part(slashes, 2)} ` +
    `else nullif(${text}, '') end`
  );
}

/** `00-12 a` is `12A`; what is all zeros is `0`. */
function identifier(sql: string): string {
  const plain = `regexp_replace(upper(${sql}), '[^\\p{L}\\p{N}]+', '', 'g')`;
  return `case when ${plain} <> '' then coalesce(nullif(ltrim(${plain}, '0'), ''), '0') end`;
}

/** Long forms of words in addresses, and how they are written here. */
const shortened: Readonly<Record<string, string>> = {
  street: 'st',
  road: 'rd',
  avenue: 'ave',
  boulevard: 'blvd',
  drive: 'dr',
  lane: 'ln',
  court: 'ct',
  place: 'pl',
  square: 'sq',
  terrace: 'tce',
  crescent: 'cres',
  highway: 'hwy',
  apartment: 'apt',
  suite: 'ste',
  floor: 'fl',
  north: 'n',
  south: 's',
  east: 'e',
  west: 'w',
  strasse: 'str',
};

function address(sql: string): string {
  const replaced = Object.entries(shortened).reduce(
    (text, [long, short]) => `replace(${text}, ' ${long} ', ' ${short} ')`,
    // Also at the end of a German word: Hauptstraße.
    `replace(' ' || ${words(sql)} || ' ', 'strasse ', 'str ')`,
  );
  return `nullif(trim(${replaced}), '')`;
}
