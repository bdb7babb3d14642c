import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Pool } from 'pg';
import { keyDigest } from '../core/key-digest.ts';
import { keyPart, keyText } from '../core/key-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { hashName } from '../landing/erase.ts';
import { eventsErased } from '../store/erasure/events-erased.ts';
import { noteMadeAnew, readErasure, type Erasure } from '../store/erasure/erasures.ts';
import { noteGone, noteThere, readExport, readExports, type KnownExport } from '../store/exports/exports.ts';
import { pendingExport } from '../store/exports/pending-exports.ts';
import { exportIn, removeUnfinished } from '../targets/export-folder.ts';
import type { RowInFile } from '../targets/duckdb/erase-parquet.ts';

export interface InExport {
  readonly stream: CompiledStream;
  readonly erasure: string;
  readonly export: string;
}

/** `done`: nobody of the erasure is in its files any more. */
export interface EndedInExport {
  readonly done: boolean;
  readonly says: string;
}

/** Takes who was erased out of the files of an export, where this machine has them; else says what to do. */
export async function eraseInExport(pool: Pool, input: InExport): Promise<EndedInExport> {
  const name = `export ${input.export.slice(0, 8)}`;
  const known = await readExport(pool, input.export);
  if (known === undefined)
    return { done: false, says: `${name}: is not known here any more. ${whatToDo(input.export)}` };
  // Whoever writes it gives it no name any more. Where it has got its name meanwhile, this changes nothing.
  const isStopped = await noteGone(pool, { id: known.export, ...unfinished });
  if ((await exportIn(known.folder)) === known.export) {
    if (isStopped || known.state === 'gone') await noteThere(pool, known.export);
    const says = await eraseHere(pool, input, known);
    await noteMadeAnew(pool, input.erasure, pendingExport(known.export));
    return { done: true, says: `${name}: ${says}` };
  }
  const isOurs = known.host === hostname();
  if (isStopped || known.state === 'gone') {
    if (!isOurs)
      return {
        done: false,
        says: `${name}: was never complete, but ${known.host} may have a half of it beside ${known.folder}. Run \`syncline erase again\` there, or ${whatToDo(known.export)}`,
      };
    await removeUnfinished(known.folder, known.export);
    await noteMadeAnew(pool, input.erasure, pendingExport(known.export));
    return { done: true, says: `${name}: was never complete; what was left of it is removed.` };
  }
  if (isOurs)
    return {
      done: false,
      says: `${name}: is not in ${known.folder} any more, where it was written. ${whatToDo(known.export)}`,
    };
  return {
    done: false,
    says: `${name}: still has it, in ${known.folder} on ${known.host}. Run \`syncline erase again\` there. ${whatToDo(known.export)}`,
  };
}

const unfinished = { by: 'an erasure', reason: 'it was not complete', from: ['writing'] } as const;

const whatToDo = (id: string): string =>
  `Was it moved: \`syncline export add FOLDER\` on the machine that has it now. Was it deleted: \`syncline export gone ${id.slice(0, 8)} --reason …\`.`;

async function eraseHere(pool: Pool, { stream, erasure: id }: InExport, known: KnownExport): Promise<string> {
  const erasure = await readErasure(pool, id);
  if (erasure === undefined) return 'its erasure is not known any more';
  const { partner, stream: name } = erasure;
  const tables = known.tables.filter((file) => file.partner === partner && file.stream === name);
  const { eraseInParquet } = await import('../targets/duckdb/erase-parquet.ts');
  const erased = await eraseInParquet({
    folder: known.folder,
    tables,
    key: stream.keyColumns.map((column) => column.name),
    isTheirs: theirs(stream, erasure, await eventsErased(pool, { partner, stream: name, before: known.at })),
  });
  const rows = erased.reduce((sum, file) => sum + (file.rows ?? 0), 0);
  const missing = erased
    .filter((file) => file.rows === null)
    .map(({ schema, table }) => join(schema, `${table}.parquet`));
  const lacks = missing.length === 0 ? '' : `; ${missing.join(', ')} is not in it any more`;
  return `${rows} ${rows === 1 ? 'row' : 'rows'} taken out of its files in ${known.folder}${lacks}.`;
}

/** By their keys, of which an erasure has digests; those of keys that another definition made, and what has none, by their events and hashes. */
function theirs(
  { keyColumns, partner, name }: CompiledStream,
  { salt, digests }: Erasure,
  events: ReadonlySet<number>,
): (row: RowInFile) => boolean {
  const place = { partner: partner.name, stream: name };
  const wanted = new Set(digests.map((digest) => digest.toString('hex')));
  const isWanted = (text: string): boolean => wanted.has(keyDigest(salt, place, text).toString('hex'));
  return ({ event, hash, key }) => {
    if (events.has(event)) return true;
    if (keyColumns.length === 0) return isWanted(hashName(hash));
    const text = key === undefined ? null : keyText(keyColumns.map(({ type }, at) => keyPart(type, key[at] as string)));
    return text !== null && isWanted(text);
  };
}

/** Where exports are that may hold them, for a dry run. */
export async function exportLines(pool: Pool, ids: readonly string[]): Promise<readonly string[]> {
  const exports = (await readExports(pool)).filter((known) => ids.includes(known.export));
  return exports.map(
    ({ export: id, folder, host }) => `  files of export ${id.slice(0, 8)}, in ${folder} on ${host}, may hold them`,
  );
}
