import { Transform, type Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Refusal } from './problem.ts';

/** Bodies that are said to be no longer are not counted: of as many as there may be connections, all are below what is bounded. */
const SMALL_BYTES = 16 * 1024;

/**
 * Bounds what all bodies take that are read or worked on at once. A connection may send a large body slowly, and there may be many: what one
 * request may hold is no bound for all of them. A body that is too much is refused in the middle of it.
 */
export function boundBodies(
  most: number,
): (
  request: FastifyRequest,
  reply: FastifyReply,
  payload: Readable,
  done: (error: Error | null, payload: Readable) => void,
) => void {
  let held = 0;
  return (request, reply, payload, done) => {
    const length = Number(request.headers['content-length'] ?? (hasBody(request) ? Infinity : 0));
    if (length <= SMALL_BYTES) {
      done(null, payload);
      return;
    }
    let bytes = 0;
    let over = false;
    reply.raw.once('close', () => {
      over = true;
      held -= bytes;
    });
    const counting = new Transform({
      transform: (chunk: Buffer, _, next) => {
        if (!over) {
          bytes += chunk.length;
          held += chunk.length;
        }
        if (held <= most) next(null, chunk);
        else
          next(new Refusal('overloaded', { detail: 'too much comes in at once; send it again later', retryAfterS: 1 }));
      },
    });
    payload.once('error', (error) => counting.destroy(error));
    done(null, payload.pipe(counting));
  };
}

const hasBody = ({ headers }: FastifyRequest): boolean => headers['transfer-encoding'] !== undefined;
