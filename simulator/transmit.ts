import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';
import { bytesOf } from './reply.ts';
import type { Reply } from './reply.ts';
import { firstHalf } from './spoil.ts';

/** Sends the answer, or does to the connection what a fault says. True when the client could have read it whole. */
export async function transmit(response: ServerResponse, reply: Reply, faults: readonly Fault[]): Promise<boolean> {
  const length = bytesOf(reply);
  const headers = reply.status === 304 ? reply.headers : { ...reply.headers, 'content-length': String(length) };
  const cut = faults.find(
    (each) =>
      (each.kind === 'reset' && each.at === 'middle') ||
      (each.kind === 'truncated' && each.length === 'wrong') ||
      each.kind === 'slow_body',
  );

  response.writeHead(reply.status, headers);
  if (cut === undefined) {
    response.cork();
    for (const part of reply.body) response.write(part);
    response.end();
    response.uncork();
    return true;
  }

  if (cut.kind === 'slow_body') return await dribble(response, Buffer.concat(reply.body), cut.chunkBytes, cut.delayMs);
  await flushed(response, firstHalf(reply.body));
  // A reset can overtake bytes the client has not read yet; the pause lets them arrive.
  if (cut.kind === 'reset') await sleep(20);
  if (cut.kind === 'reset') response.socket?.resetAndDestroy();
  else response.socket?.end();
  return false;
}

async function dribble(response: ServerResponse, whole: Buffer, chunk: number, delayMs: number): Promise<boolean> {
  for (let at = 0; at < whole.length && !response.destroyed; at += chunk) {
    await flushed(response, whole.subarray(at, at + chunk));
    await sleep(delayMs);
  }
  if (response.destroyed) return false;
  response.end();
  return true;
}

const flushed = async (response: ServerResponse, bytes: Buffer): Promise<void> =>
  await new Promise((done) => response.write(bytes, () => done()));
