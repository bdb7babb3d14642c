import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

/** COPY in text format: lines as bytes, as many of them in a piece as there are. Returns how many rows were written. */
export async function copyInto(client: ClientBase, into: string, pieces: Iterable<Buffer>): Promise<number> {
  const copy = client.query(copyFrom(`copy ${into} from stdin`));
  await pipeline(Readable.from(chunksOf(pieces), { objectMode: true }), copy);
  return copy.rowCount;
}

const CHUNK_BYTES = 128 * 1024;

/** Small pieces are gathered: each chunk is a message of its own. Chunks leave while the next ones are made. */
function* chunksOf(pieces: Iterable<Buffer>): Generator<Buffer> {
  let small: Buffer[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    for (let from = 0; from < piece.length; from += CHUNK_BYTES) {
      const part = piece.subarray(from, from + CHUNK_BYTES);
      small.push(part);
      bytes += part.length;
      if (bytes < CHUNK_BYTES) continue;
      yield small.length === 1 ? part : Buffer.concat(small, bytes);
      small = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(small, bytes);
}

/** Line of the COPY that PostgreSQL refused, from the error's context (`COPY payments, line 17, column …`). */
export function refusedLine(error: unknown): { readonly table: string; readonly line: number } | undefined {
  const where = error instanceof Error && 'where' in error ? String(error.where) : '';
  const match = /^COPY (\S+), line (\d+)/m.exec(where);
  return match === null ? undefined : { table: match[1] as string, line: Number(match[2]) };
}
