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
  let chunk: string[] = [];
  let chars = 0;
  for (const line of lines) {
    chunk.push(line);
    chars += line.length;
    if (chars < CHUNK_CHARS) continue;
    yield Buffer.from(chunk.join(''));
    chunk = [];
    chars = 0;
  }
  if (chars > 0) yield Buffer.from(chunk.join(''));
}

/** Line of the COPY that PostgreSQL refused, from the error's context (`COPY payments, line 17, column …`). */
export function refusedLine(error: unknown): { readonly table: string; readonly line: number } | undefined {
  const where = error instanceof Error && 'where' in error ? String(error.where) : '';
  const match = /^COPY (\S+), line (\d+)/m.exec(where);
  return match === null ? undefined : { table: match[1] as string, line: Number(match[2]) };
}
