import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../migrations/', import.meta.url));

export async function migrations(): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
}

/**
 * One transaction of all of it; or indexes made concurrently, each by itself, since PostgreSQL takes none of them in a transaction; or
 * drops of functions, in the transaction that makes the new ones.
 */
export type MigrationKind = 'transaction' | 'indexes' | 'drops of functions';

export interface MigrationSteps {
  readonly kind: MigrationKind;
  readonly statements: readonly string[];
}

export interface Migration extends MigrationSteps {
  readonly name: string;
}

export async function readMigration(name: string): Promise<Migration> {
  return { name, ...stepsOf(await readFile(`${folder}${name}`, 'utf8')) };
}

const ofIndexes = /^(create|drop) (unique )?index concurrently/i;
/** A new installation may never have had what is dropped, hence `if exists`. */
const ofFunctions = /^drop (function|procedure) if exists/i;

export function stepsOf(sql: string): MigrationSteps {
  const statements = sql
    .replaceAll(/^\s*--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
  if (statements.length > 0 && statements.every((statement) => ofFunctions.test(statement)))
    return { kind: 'drops of functions', statements };
  if (!statements.some((statement) => ofIndexes.test(statement))) return { kind: 'transaction', statements: [sql] };
  const other = statements.find((statement) => !ofIndexes.test(statement));
  if (other !== undefined)
    throw new Error(`a migration of indexes made concurrently may hold nothing else, found: ${other.slice(0, 60)}`);
  return { kind: 'indexes', statements };
}
