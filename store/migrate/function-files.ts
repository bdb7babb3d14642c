import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../functions/', import.meta.url));

/** An SQL function as this version wants it. */
export interface FunctionFile {
  readonly name: string;
  /** As it is called beside the migrations: functions/begin_turn.sql. */
  readonly file: string;
  readonly text: string;
  readonly hash: string;
}

/** One per file of store/functions, in the order of their names. */
export async function functionFiles(): Promise<readonly FunctionFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).toSorted();
  return Promise.all(
    names.map(async (name) => functionFile(name.replace('.sql', ''), await readFile(`${folder}${name}`, 'utf8'))),
  );
}

export function functionFile(name: string, text: string): FunctionFile {
  const made = [...text.matchAll(/^create (?:or replace )?(?:function|procedure) [^\s(]+/gim)].map(([start]) => start);
  const expected = `create or replace function ${name}`;
  if (made.length !== 1 || made[0] !== expected)
    throw new Error(
      `store/functions/${name}.sql: expected one \`${expected}(…)\`, found ${made.join(' and ') || 'no function'}`,
    );
  return { name, file: `functions/${name}.sql`, text, hash: createHash('sha256').update(text).digest('hex') };
}
