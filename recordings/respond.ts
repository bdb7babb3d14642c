import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { assertNever } from '../core/assert-never.ts';
import { bytesOf } from './bytes-of.ts';
import type { FaultKind } from './faults.ts';
import type { Exchange } from './recording.ts';
import { spoilerOf } from './spoil/spoiler.ts';
import type { Written } from './written.ts';

/** An answer that leads to whoever plays it. */
export interface Played extends Pick<Exchange, 'status' | 'headers' | 'packed'> {
  readonly texts: readonly string[];
}

/** How long an answer takes that comes late, ms. */
const LATE_MS = 700;
/** Asked for with 429, seconds. */
export const PATIENCE_S = 1;

/** Answers, with the fault where this answer can have it. Returns the fault that there was. */
export async function respond(
  response: ServerResponse,
  {
    found,
    last,
    written,
    fault,
  }: {
    readonly found: Played;
    /** The answer before it at the same path. */
    readonly last: Played | undefined;
    readonly written: Written;
    readonly fault: FaultKind | undefined;
  },
): Promise<FaultKind | undefined> {
  const bytes = bytesOf(found.texts, found.packed, written);
  const whole = (): void => send(response, found, bytes);
  switch (fault) {
    case undefined:
      whole();
      return undefined;
    case 'error':
      send(response, { status: 503, headers: {} }, Buffer.from('not now'));
      return fault;
    case 'throttle':
      send(response, { status: 429, headers: { 'retry-after': String(PATIENCE_S) } }, Buffer.from('too many requests'));
      return fault;
    case 'reset':
      response.socket?.destroy();
      return fault;
    case 'cut':
      if (found.status === 204) {
        response.socket?.destroy();
        return 'reset';
      }
      response.writeHead(found.status, { ...found.headers, 'content-length': Math.max(bytes.length, 2) });
      response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => response.socket?.destroy());
      return fault;
    case 'expired':
    case 'failed':
      whole();
      return fault;
    case 'slow':
      await sleep(LATE_MS);
      whole();
      return fault;
    case 'again':
      if (last === undefined || isDeepStrictEqual(last.texts, found.texts)) {
        whole();
        return undefined;
      }
      send(response, last, bytesOf(last.texts, last.packed, written));
      return fault;
    case 'garbage':
    case 'doubled':
    case 'field':
    case 'short':
    case 'malformed':
    case 'total': {
      const spoilt = spoiled(found, { written, fault, bytes });
      send(response, found, spoilt ?? bytes);
      return spoilt === undefined ? undefined : fault;
    }
    default:
      return assertNever(fault);
  }
}

/** undefined: the answer has no place for the fault. */
function spoiled(
  { texts, packed }: Played,
  {
    written,
    fault,
    bytes,
  }: { readonly written: Written; readonly fault: keyof ReturnType<typeof spoilerOf>; readonly bytes: Buffer },
): Buffer | undefined {
  // Whoever opens a file sees that a part of it is missing.
  if (fault === 'garbage' && packed !== undefined) return bytes.subarray(0, Math.ceil(bytes.length / 2));
  const spoil = spoilerOf(written)[fault];
  const others = texts.map((text) => spoil(text) ?? text);
  return isDeepStrictEqual(others, texts) ? undefined : bytesOf(others, packed, written);
}

function send(response: ServerResponse, { status, headers }: Pick<Played, 'status' | 'headers'>, bytes: Buffer): void {
  // RFC 9110 §8.6: an answer without content has no length.
  response.writeHead(status, status === 204 ? headers : { ...headers, 'content-length': bytes.length });
  response.end(bytes);
}
