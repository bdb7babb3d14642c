import type { IncomingMessage } from 'node:http';
import { InvalidInput } from '../core/errors.ts';
import type { Credentials } from './gate.ts';

/** A request in the words of the gate. Listings have no body; `body` is what was read before. */
export function askedOf(request: IncomingMessage, body = ''): Credentials {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`);
  return { method: request.method ?? 'GET', url, headers: request.headers, body };
}

const MAX_BODY_BYTES = 1_000_000;

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new InvalidInput(`a body may have ${MAX_BODY_BYTES} bytes`);
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
