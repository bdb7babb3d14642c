import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { backoffMs } from '../core/backoff.ts';
import { MINUTE, SECOND } from '../core/duration.ts';
import { halvesOf, type Cut, type SentBatch } from './batch.ts';
import { misfitAt } from './misfit-at.ts';
import type { Pace } from './pace.ts';
import { PushFailed } from './push-failed.ts';
import type { PushOptions } from './push-options.ts';
import { isPassing, readAccepted, readProblem, type AcceptedAnswer, type Answer } from './read-answer.ts';

const packed = promisify(gzip);

const BACKOFF = { baseMs: SECOND / 2, capMs: 30 * SECOND } as const;

/** Sends a batch until it is durable; one that is too large is cut in two. Throws PushFailed, or the reason of the signal. */
export async function sendBatch(options: PushOptions, batch: Cut, pace: Pace): Promise<readonly SentBatch[]> {
  const idempotencyKey = (await options.idempotencyKey?.(plain(batch))) ?? randomUUID();
  const body = options.gzip === true ? new Uint8Array(await packed(batch.body)) : new TextEncoder().encode(batch.body);
  const untilMs = performance.now() + (options.patienceMs ?? 15 * MINUTE);
  for (let attempt = 1; ; attempt++) {
    await pace.wait();
    const key = typeof options.key === 'string' ? options.key : await options.key();
    const answer = await tryOnce(options, { key, idempotencyKey, body });
    const askedMs = 'status' in answer ? pace.hear(answer) : 0;
    if ('status' in answer) {
      const accepted = readAccepted(answer);
      if (accepted !== undefined) return [sentOf(batch, { idempotencyKey, accepted, answer })];
      if (answer.status === 413 && batch.records > 1 && options.atomic !== true) {
        const [left, right] = halvesOf(batch);
        return [...(await sendBatch(options, left, pace)), ...(await sendBatch(options, right, pace))];
      }
      // A 202 that cannot be read came through something that cut it off: the next try has it replayed.
      if (answer.status !== 202 && !isPassing(answer)) throw refused(batch, { idempotencyKey, answer });
    }
    // Beyond what was asked for, so that those who were told the same do not come back together.
    const waitMs = askedMs + backoffMs({ attempt, ...BACKOFF, random: Math.random() });
    if (performance.now() + waitMs > untilMs) throw exhausted(batch, { idempotencyKey, answer, waitMs });
    options.onRetry?.({ batch: plain(batch), attempt, waitMs, because: becauseOf(answer) });
    await pace.sleep(waitMs);
  }
}

interface Lost {
  readonly error: unknown;
}

async function tryOnce(
  { url, partner, stream, atomic = false, gzip = false, timeoutMs = MINUTE, signal }: PushOptions,
  {
    key,
    idempotencyKey,
    body,
  }: { readonly key: string; readonly idempotencyKey: string; readonly body: Uint8Array<ArrayBuffer> },
): Promise<Answer | Lost> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const place = [partner, stream].map(encodeURIComponent).join('/');
  try {
    const answer = await fetch(`${url.replace(/\/+$/, '')}/v1/${place}${atomic ? '?atomic=true' : ''}`, {
      method: 'POST',
      // A redirect would become a GET, and take the key somewhere else.
      redirect: 'manual',
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
        ...(gzip ? { 'content-encoding': 'gzip' } : {}),
      },
      body,
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    return { status: answer.status, headers: Object.fromEntries(answer.headers), text: await answer.text() };
  } catch (error) {
    signal?.throwIfAborted();
    return { error };
  }
}

const plain = ({ partner, stream, first, records, body }: Cut) => ({ partner, stream, first, records, body });

const sentOf = (
  batch: Cut,
  { idempotencyKey, accepted, answer }: { idempotencyKey: string; accepted: AcceptedAnswer; answer: Answer },
): SentBatch => ({
  ...plain(batch),
  idempotencyKey,
  id: accepted.id,
  location: accepted.links.self,
  replayed: answer.headers['idempotent-replayed'] === 'true',
  items: accepted.items.map(({ index, status, pointer, detail }) => ({
    record: batch.first + index,
    status,
    ...(pointer === undefined ? {} : { pointer: misfitAt(batch, { pointer, detail: '' }).pointer }),
    ...(detail === undefined ? {} : { detail }),
  })),
});

function refused(batch: Cut, { idempotencyKey, answer }: { idempotencyKey: string; answer: Answer }): PushFailed {
  const { code, detail, request_id: requestId, errors = [] } = readProblem(answer);
  return new PushFailed(
    `${placeOf(batch)} were refused: ${answer.status} ${code ?? ''}: ${detail ?? 'no reason given'}`,
    {
      batch: plain(batch),
      idempotencyKey,
      status: answer.status,
      code,
      requestId,
      errors: errors.map((one) => misfitAt(batch, one)),
    },
  );
}

function exhausted(
  batch: Cut,
  { idempotencyKey, answer, waitMs }: { idempotencyKey: string; answer: Answer | Lost; waitMs: number },
): PushFailed {
  const problem = 'status' in answer ? readProblem(answer) : {};
  return new PushFailed(`${placeOf(batch)} did not go through within patienceMs: ${becauseOf(answer)}`, {
    batch: plain(batch),
    idempotencyKey,
    status: 'status' in answer ? answer.status : undefined,
    code: problem.code,
    requestId: problem.request_id,
    retryAfterMs: waitMs,
    cause: 'status' in answer ? undefined : answer.error,
  });
}

const placeOf = ({ first, records }: Cut): string => `records ${first} to ${first + records - 1}`;

function becauseOf(answer: Answer | Lost): string {
  if ('status' in answer) return `${answer.status} ${readProblem(answer).code ?? ''}`.trim();
  const { error } = answer;
  if (!(error instanceof Error)) return 'no answer';
  // fetch keeps what really happened in its cause.
  return error.cause instanceof Error ? `no answer: ${error.cause.message}` : `no answer: ${error.message}`;
}
