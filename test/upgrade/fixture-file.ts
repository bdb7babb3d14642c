import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Mutation } from '../../simulator/world.ts';
import type { PartnerName } from './installation.ts';

/** Lines of COPY in text format. */
export interface TableRows {
  /** Table and columns, as COPY wants them. */
  readonly into: string;
  readonly lines: string;
}

export interface DatabaseCopy {
  /** The control schema is what these make of an empty database. */
  readonly migrations: readonly string[];
  /** Numbers of the streams, each with a partition of the event log. */
  readonly streams: readonly number[];
  /** Schemas and tables of the partners. */
  readonly targets: readonly string[];
  readonly tables: readonly TableRows[];
  /** Where identities go on. */
  readonly identities: readonly string[];
}

export interface PartnerWorld {
  /** Where it listened: URLs and names of credentials in the copy are made of it. */
  readonly url: string;
  readonly mutations: readonly Mutation[];
  /** How often a token was issued: the next refresh token follows from it. */
  readonly tokens: number;
}

export interface Fixture {
  readonly commit: string;
  readonly world: Readonly<Record<PartnerName, PartnerWorld>>;
  readonly database: DatabaseCopy;
}

const file = join(import.meta.dirname, 'fixture/installation.json.gz');

export const readFixture = async (): Promise<Fixture> =>
  JSON.parse(gunzipSync(await readFile(file)).toString()) as Fixture;

/** Returns its size in bytes. */
export async function writeFixture(fixture: Fixture): Promise<number> {
  const bytes = gzipSync(JSON.stringify(fixture), { level: 9 });
  await writeFile(file, bytes);
  return bytes.length;
}
