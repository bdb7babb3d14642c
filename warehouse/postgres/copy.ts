import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** COPY in text format: one line per row. Lines come in chunks so that PostgreSQL works while we encode the next. */
export async function copyInto(client: ClientBase, into: string, lines: Iterable<string>): Promise<void> {
  await pipeline(
    Readable.from(chunksOf(lines), { objectMode: true }),
    client.query(copyFrom(`copy ${into} from stdin`)),
  );
}

const CHUNK_CHARS = 128 * 1024;

function* chunksOf(lines: Iterable<string>): Generator<Buffer> {
  let chunk = '';
  for (const line of lines) {
    chunk += line;
    if (chunk.length >= CHUNK_CHARS) {
      yield Buffer.from(chunk);
      chunk = '';
    }
  }
  if (chunk !== '') yield Buffer.from(chunk);
}

const special = /[\\\n\r\t]/;
const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** One field of a line; null is `\N`. */
export function copyField(text: string | null): string {
  if (text === null) return '\\N';
  return special.test(text) ? text.replace(/[\\\n\r\t]/g, (char) => escapes[char] as string) : text;
}

export function copyFields(texts: readonly (string | null)[]): string {
  let line = '';
  for (let i = 0; i < texts.length; i++)
    line += i === 0 ? copyField(texts[i] ?? null) : `\t${copyField(texts[i] ?? null)}`;
  return line;
}

/** Line of the COPY that PostgreSQL refused, from the error's context (`COPY payments, line 17, column …`). */
export function refusedLine(error: unknown): { readonly table: string; readonly line: number } | undefined {
  const where = error instanceof Error && 'where' in error ? String(error.where) : '';
  const match = /^COPY (\S+), line (\d+)/m.exec(where);
  return match === null ? undefined : { table: match[1] as string, line: Number(match[2]) };
}
