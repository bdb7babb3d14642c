/**
 * People and companies as they come from several systems, with the truth: who each row means. Always the same for the same seed. Rows of a person are
 * the person as first written, and copies with typos, swapped names, nicknames, moves, other forms of numbers and gaps; names are as skewed as names are.
 */

/** Values in the order of the columns; `truth` is the number of the person or company. */
export interface MadeRow {
  readonly id: string;
  readonly truth: number;
  readonly values: readonly string[];
}

export const peopleColumns = ['given', 'family', 'email', 'phone', 'born', 'street', 'city', 'postcode'] as const;
export const companyColumns = ['name', 'street', 'city', 'postcode', 'phone', 'tax_id', 'domain'] as const;

/** Numbers from 0 to 1 (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Random = () => number;
const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const whole = (random: Random, below: number): number => Math.floor(random() * below);
const digits = (random: Random, count: number): string =>
  Array.from({ length: count }, () => whole(random, 10)).join('');

const GIVEN =
  'James Mary John Patricia Robert Jennifer Michael Linda William Elizabeth David Barbara Richard Susan Joseph Jessica Thomas Sarah Charles Karen Christopher Nancy Daniel Lisa Matthew Betty Anthony Margaret Mark Sandra Donald Ashley Steven Kimberly Paul Emily Andrew Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Dorothy George Melissa Timothy Deborah Ronald Stephanie Edward Rebecca Jason Sharon Jeffrey Laura Ryan Cynthia Jacob Kathleen Gary Amy Nicholas Angela Eric Shirley Jonathan Anna Stephen Brenda Larry Pamela Justin Emma Scott Nicole Brandon Helen Benjamin Samantha Samuel Katherine Gregory Christine Alexander Debra Frank Rachel Patrick Carolyn Raymond Janet Jack Catherine Dennis Maria Jerry Heather'.split(
    ' ',
  );
const FAMILY =
  'Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Müller Schröder Großmann Weiß Björk Nuñez Łukasz'.split(
    ' ',
  );
const SYLLABLES =
  'ba bel cor dan der el far gar hol in jor kel lan mar nor ol per quin ros sel tor ul van wes yar zel'.split(' ');
const ENDS = 'son man ton ley ford well berg stein ski ova er ing wood field'.split(' ');
const CITIES =
  'London Birmingham Leeds Glasgow Sheffield Bradford Liverpool Edinburgh Manchester Bristol Wakefield Cardiff Coventry Nottingham Leicester Sunderland Belfast Newcastle Brighton Hull Plymouth Stoke Wolverhampton Derby Swansea Southampton Salford Aberdeen Westminster Portsmouth York Peterborough Dundee Lancaster Oxford Newport Preston Norwich Chester Cambridge Salisbury Exeter Gloucester Lisburn Chichester Winchester Londonderry Carlisle Worcester Bath Durham Lincoln Hereford Armagh Inverness Stirling Canterbury Lichfield Newry Ripon Bangor Truro Ely'.split(
    ' ',
  );
const STREETS =
  'High Station Main Park Church London Victoria Green Manor Kings Queens Mill New Grange Chester North School Hill West Springfield George Windsor Alexandra York Stanley Albert'.split(
    ' ',
  );
const KINDS = ['Street', 'Road', 'Avenue', 'Lane', 'Drive', 'Court'];
const SHORT: Readonly<Record<string, readonly string[]>> = {
  James: ['Jim', 'Jimmy'],
  John: ['Johnny', 'Jack'],
  Robert: ['Bob', 'Rob'],
  Michael: ['Mike', 'Mick'],
  William: ['Bill', 'Will', 'Billy'],
  Elizabeth: ['Liz', 'Beth', 'Betty'],
  David: ['Dave'],
  Richard: ['Dick', 'Rick'],
  Joseph: ['Joe'],
  Thomas: ['Tom'],
  Charles: ['Charlie', 'Chuck'],
  Christopher: ['Chris'],
  Daniel: ['Dan', 'Danny'],
  Matthew: ['Matt'],
  Anthony: ['Tony'],
  Margaret: ['Maggie', 'Peggy'],
  Steven: ['Steve'],
  Andrew: ['Andy'],
  Patricia: ['Pat', 'Trish'],
  Jennifer: ['Jen', 'Jenny'],
  Susan: ['Sue'],
  Deborah: ['Debbie', 'Deb'],
  Rebecca: ['Becky'],
  Katherine: ['Kate', 'Kathy'],
  Nicholas: ['Nick'],
  Benjamin: ['Ben'],
  Samuel: ['Sam'],
  Edward: ['Ed', 'Ted'],
  Pamela: ['Pam'],
};

/** Some names are common, most are rare. */
function skewed(random: Random, names: readonly string[]): string {
  return names[Math.min(names.length - 1, Math.floor(names.length * random() ** 2.5))] as string;
}

function family(random: Random): string {
  if (random() < 0.55) return skewed(random, FAMILY);
  const middle = random() < 0.5 ? pick(random, SYLLABLES) : '';
  const made = pick(random, SYLLABLES) + middle + pick(random, ENDS);
  return made.charAt(0).toUpperCase() + made.slice(1);
}

/** One slip of the fingers. */
function typo(random: Random, text: string): string {
  if (text.length < 2) return text;
  const at = 1 + whole(random, text.length - 1);
  const letter = /\d/.test(text.charAt(at)) ? digits(random, 1) : String.fromCharCode(97 + whole(random, 26));
  const kind = whole(random, 4);
  if (kind === 0) return text.slice(0, at) + letter + text.slice(at);
  if (kind === 1) return text.slice(0, at) + text.slice(at + 1);
  if (kind === 2) return text.slice(0, at) + letter + text.slice(at + 1);
  return text.slice(0, at - 1) + text.charAt(at) + text.charAt(at - 1) + text.slice(at + 1);
}

interface Person {
  given: string;
  family: string;
  email: string;
  phone: string;
  born: string;
  street: string;
  city: string;
  postcode: string;
}

const two = (value: number): string => String(value).padStart(2, '0');

function address(random: Random): Pick<Person, 'street' | 'city' | 'postcode'> {
  const city = skewed(random, CITIES);
  const area = city.slice(0, 2).toUpperCase();
  return {
    street: `${1 + whole(random, 200)} ${pick(random, STREETS)} ${pick(random, KINDS)}`,
    city,
    postcode: `${area}${1 + whole(random, 20)} ${whole(random, 10)}${pick(random, ['AA', 'BD', 'EF', 'GH', 'JL', 'NP', 'QR', 'ST', 'UW', 'XY'])}`,
  };
}

function emailOf(random: Random, { given, family: last }: Pick<Person, 'given' | 'family'>): string {
  const plain = (text: string): string =>
    text
      .normalize('NFD')
      .replaceAll(/[^a-zA-Z]/g, '')
      .toLowerCase();
  const host = pick(random, [
    'gmail.com',
    'gmail.com',
    'hotmail.com',
    'yahoo.com',
    'outlook.com',
    'example.org',
    `${plain(last)}.example`,
  ]);
  const number = random() < 0.6 ? digits(random, 2) : '';
  return random() < 0.5
    ? `${plain(given)}.${plain(last)}${number}@${host}`
    : `${plain(given).charAt(0)}${plain(last)}${number}@${host}`;
}

function person(random: Random): Person {
  const names = { given: skewed(random, GIVEN), family: family(random) };
  return {
    ...names,
    email: random() < 0.85 ? emailOf(random, names) : '',
    phone: random() < 0.8 ? `+44 7${digits(random, 3)} ${digits(random, 6)}` : '',
    born: `${1940 + whole(random, 65)}-${two(1 + whole(random, 12))}-${two(1 + whole(random, 28))}`,
    ...address(random),
  };
}

/** The same person, as somebody else wrote it down, perhaps years later. */
function copyOf(random: Random, of: Person): Person {
  const copy = { ...of };
  const chance = (share: number): boolean => random() < share;
  if (chance(0.25)) copy.given = pick(random, SHORT[of.given] ?? [of.given]);
  if (chance(0.08)) copy.given = copy.given.charAt(0);
  if (chance(0.12)) copy.given = typo(random, copy.given);
  if (chance(0.15)) copy.family = typo(random, copy.family);
  // A marriage.
  if (chance(0.03)) copy.family = family(random);
  if (chance(0.06)) [copy.given, copy.family] = [copy.family, copy.given];
  if (chance(0.1)) copy.given = copy.given.toUpperCase();
  if (chance(0.25)) Object.assign(copy, address(random));
  else if (chance(0.2)) copy.street = typo(random, copy.street);
  else if (chance(0.2))
    copy.street = copy.street.replace('Street', 'St').replace('Road', 'Rd').replace('Avenue', 'Ave');
  if (chance(0.1)) copy.postcode = copy.postcode.replace(' ', '');
  if (chance(0.3)) copy.email = chance(0.5) ? '' : emailOf(random, of);
  else if (chance(0.1)) copy.email = typo(random, copy.email);
  else if (chance(0.1)) copy.email = copy.email.replace('@', '+shop@');
  if (chance(0.3)) copy.phone = chance(0.5) ? '' : `+44 7${digits(random, 3)} ${digits(random, 6)}`;
  else if (chance(0.4)) copy.phone = copy.phone.replace('+44 ', '0');
  else if (chance(0.1)) copy.phone = typo(random, copy.phone);
  if (chance(0.05)) copy.born = of.born.replace(/-(\d\d)-(\d\d)/, '-$2-$1');
  else if (chance(0.06)) copy.born = of.born.slice(0, 8) + digits(random, 2);
  else if (chance(0.1)) copy.born = '';
  return copy;
}

interface Company {
  name: string;
  street: string;
  city: string;
  postcode: string;
  phone: string;
  taxId: string;
  domain: string;
}

const TRADES =
  'Logistics Consulting Foods Systems Engineering Holdings Software Media Partners Construction Pharma Energy Design Trading Motors Textiles Analytics Catering Plumbing Insurance'.split(
    ' ',
  );
const FORMS = ['Ltd', 'Limited', 'PLC', 'GmbH', 'AG', 'Inc', 'LLC'];

function company(random: Random): Company {
  const first = random() < 0.4 ? `${family(random)} & ${family(random)}` : family(random);
  const name = `${first} ${skewed(random, TRADES)}`;
  return {
    name: `${name} ${pick(random, FORMS)}`,
    ...address(random),
    phone: random() < 0.8 ? `+44 20 ${digits(random, 4)} ${digits(random, 4)}` : '',
    taxId: random() < 0.7 ? `GB${digits(random, 9)}` : '',
    domain:
      random() < 0.7
        ? `${name
            .normalize('NFD')
            .replaceAll(/[^a-zA-Z]/g, '')
            .toLowerCase()}.example`
        : '',
  };
}

function companyAgain(random: Random, of: Company): Company {
  const copy = { ...of };
  const chance = (share: number): boolean => random() < share;
  if (chance(0.25)) copy.name = copy.name.replace(/ \S+$/, chance(0.5) ? '' : ` ${pick(random, FORMS)}`);
  if (chance(0.15)) copy.name = copy.name.replace(' & ', ' and ');
  if (chance(0.2)) copy.name = typo(random, copy.name);
  if (chance(0.1)) copy.name = copy.name.split(' ').toReversed().join(' ');
  if (chance(0.1)) copy.name = copy.name.toUpperCase();
  if (chance(0.25)) Object.assign(copy, address(random));
  else if (chance(0.2)) copy.street = typo(random, copy.street);
  if (chance(0.3)) copy.phone = '';
  else if (chance(0.4)) copy.phone = copy.phone.replace('+44 ', '0');
  if (chance(0.3)) copy.taxId = '';
  else if (chance(0.15)) copy.taxId = typo(random, copy.taxId);
  else if (chance(0.3)) copy.taxId = copy.taxId.replace('GB', 'gb ');
  if (chance(0.3)) copy.domain = '';
  return copy;
}

/** So many rows; about a third of them are copies. In the order in which they were made, so copies stand beside each other. */
export function* makePeople(rows: number, seed: number): Generator<MadeRow> {
  yield* make(rows, seed, {
    first: person,
    again: copyOf,
    values: (each) => peopleColumns.map((column) => each[column]),
  });
}

export function* makeCompanies(rows: number, seed: number): Generator<MadeRow> {
  yield* make(rows, seed, {
    first: company,
    again: companyAgain,
    values: (each) => [each.name, each.street, each.city, each.postcode, each.phone, each.taxId, each.domain],
  });
}

function* make<T>(
  rows: number,
  seed: number,
  {
    first,
    again,
    values,
  }: {
    readonly first: (random: Random) => T;
    readonly again: (random: Random, of: T) => T;
    readonly values: (each: T) => readonly string[];
  },
): Generator<MadeRow> {
  const random = seeded(seed);
  let made = 0;
  for (let truth = 0; made < rows; truth += 1) {
    const original = first(random);
    const chance = random();
    const copies = chance < 0.7 ? 0 : chance < 0.9 ? 1 : chance < 0.97 ? 2 : 4;
    for (let at = 0; at <= copies && made < rows; at += 1) {
      made += 1;
      // Ids say nothing of who is meant.
      yield {
        id: `r${String(Math.imul(made, 2_654_435_761) >>> 0).padStart(10, '0')}`,
        truth,
        values: values(at === 0 ? original : again(random, original)),
      };
    }
  }
}
