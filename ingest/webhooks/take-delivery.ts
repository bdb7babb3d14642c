import { createHash, randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import { DAY } from '../../core/duration.ts';
import { WarehouseUnavailable } from '../../core/errors.ts';
import type { CompiledWebhook } from '../../definitions/compile-webhooks.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Received } from '../../records/received.ts';
import { transaction } from '../../store/session/transaction.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import {
  findDelivery,
  noteDelivery,
  noteRepeated,
  type FailedDelivery,
  type NotedDelivery,
} from '../../store/webhooks/deliveries.ts';
import { noteWork } from '../../store/webhooks/work.ts';
import type { Intake } from '../intake.ts';
import { Refusal, unavailable } from '../problem.ts';
import { presetOf } from './presets.ts';
import { type jsonOf, readDelivery, type ReadDelivery } from './read-delivery.ts';

export interface TakeDeps {
  readonly pool: Pool;
  readonly intake: Pick<Intake, 'accept'>;
}

export interface VerifiedDelivery {
  /** The sender's; undefined: it has none, and each delivery counts as another one. */
  readonly id: string | undefined;
  readonly body: Buffer;
  /** Of the body, where it was read already. */
  readonly parsed?: ReturnType<typeof jsonOf>;
  readonly headerType?: string | undefined;
}

/**
 * `taken`: what its routes say is done, or noted to be done. `ignored`: no route wants it. `repeated`: it came before. `altered`: another body came
 * under its id before. `failed`: some of it could not be read. In each case it is kept, and need not be sent again.
 */
export type Fate = 'taken' | 'ignored' | 'repeated' | 'altered' | 'failed';

export interface Taken {
  readonly fate: Fate;
  readonly type: string | undefined;
  /** Why it failed, without a value of it. */
  readonly reason?: string;
}

/** Ids are remembered for so long: no sender repeats a delivery later (docs/webhooks.md). */
const REMEMBERED_MS = 30 * DAY;

/** Takes a delivery whose signature fits. Durable when it resolves; rejects with a Refusal where it has to be sent again. */
export async function takeDelivery(
  deps: TakeDeps,
  webhook: CompiledWebhook,
  delivery: VerifiedDelivery,
): Promise<Taken> {
  const { pool } = deps;
  const bodyHash = createHash('sha256').update(delivery.body).digest();
  const place = { partner: webhook.partner.name, webhook: webhook.name, deliveryId: idOf(delivery) };
  const before = await available(() => findDelivery(pool, place));
  if (before !== undefined && !before.bodyHash.equals(bodyHash))
    return keepAltered(deps, webhook, { delivery, bodyHash, place });
  if (before !== undefined && before.state !== 'failed') {
    await available(() => noteRepeated(pool, place));
    return { fate: 'repeated', type: delivery.headerType };
  }
  return takeNow(deps, webhook, { delivery, bodyHash, place });
}

/** Takes a delivery again that had failed: the definition may have been mended meanwhile. */
export function retakeDelivery(deps: TakeDeps, webhook: CompiledWebhook, failed: FailedDelivery): Promise<Taken> {
  const { partner, webhook: name, deliveryId, body, eventType } = failed;
  return takeNow(deps, webhook, {
    delivery: { id: deliveryId, body, headerType: eventType ?? undefined },
    bodyHash: createHash('sha256').update(body).digest(),
    place: { partner, webhook: name, deliveryId },
  });
}

interface Held {
  readonly delivery: VerifiedDelivery;
  readonly bodyHash: Buffer;
  readonly place: Pick<NotedDelivery, 'partner' | 'webhook' | 'deliveryId'>;
}

async function takeNow(deps: TakeDeps, webhook: CompiledWebhook, held: Held): Promise<Taken> {
  const { delivery, bodyHash, place } = held;
  const read = readDelivery(webhook, presetOf(webhook.definition), delivery);
  const faults = [...read.faults];
  // A record without a key that is taken now would be doubled when the rest is taken later.
  const doubles = faults.length > 0 && [...read.records.keys()].some(({ keyColumns }) => keyColumns.length === 0);
  const landed = doubles ? { records: 0, quarantined: 0 } : await landAll(deps, read, { ...held, faults });
  const failed = faults.length > 0;
  if (failed) expectKept(webhook, faults);
  const count = read.records.size + read.work.length;
  const state = failed ? 'failed' : count === 0 && read.ignored > 0 ? 'ignored' : 'taken';
  const reason = failed ? faults.join('; ').slice(0, 1000) : undefined;
  await available(() =>
    transaction(deps.pool, async (client) => {
      if (!doubles) await noteWork(client, { partner: place.partner, webhook: place.webhook, work: read.work });
      await noteDelivery(client, {
        ...place,
        ...landed,
        bodyHash,
        eventType: read.type ?? null,
        state,
        reason: reason ?? null,
        body: failed ? delivery.body : null,
      });
    }),
  );
  return { fate: state, type: read.type, ...(reason === undefined ? {} : { reason }) };
}

/** A stream that keeps nothing of what does not fit keeps no body either: then the sender has to know. */
function expectKept({ routes }: CompiledWebhook, faults: readonly string[]): void {
  if (routes.some(({ stream }) => stream?.definition.quarantinePayload === 'withhold'))
    throw new Refusal('record_invalid', {
      detail: `the delivery cannot be taken, and its streams keep nothing of what does not fit: ${faults.join('; ')}`,
    });
}

/** Lands the records of each stream, those without a key exactly once: their claim holds on to the delivery's id. */
async function landAll(
  deps: TakeDeps,
  { records }: ReadDelivery,
  held: Held & { readonly faults: string[] },
): Promise<{ readonly records: number; readonly quarantined: number }> {
  const sums = { records: 0, quarantined: 0 };
  for (const [stream, received] of records) {
    const quarantined = await land(deps, stream, received, held);
    if (quarantined === undefined) continue;
    sums.records += received.length;
    sums.quarantined += quarantined;
  }
  return sums;
}

/** How many of the records went to quarantine; undefined: none was taken. */
async function land(
  { intake }: TakeDeps,
  stream: CompiledStream,
  received: readonly Received[],
  { delivery, bodyHash, place, faults }: Held & { readonly faults: string[] },
): Promise<number | undefined> {
  const { id } = delivery;
  try {
    const { answer } = await intake.accept({
      stream,
      records: received,
      caller: `webhook:${place.webhook}`,
      requestId: randomUUID(),
      receivedAt: new Date().toISOString(),
      bytes: delivery.body.length,
      ...(id === undefined ? {} : { sentId: id }),
      atomic: false,
      misfits: 'hold',
      priority: 0,
      claim:
        id === undefined || stream.keyColumns.length > 0
          ? undefined
          : {
              operation: `webhook ${stream.partner.name}/${stream.name}`,
              key: place.deliveryId,
              fingerprint: bodyHash,
              keepMs: REMEMBERED_MS,
            },
    });
    return (JSON.parse(answer.body) as { readonly quarantined: number }).quarantined;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // Its definition freezes, say: sending it again helps nothing, and a person has to look at it.
    if (error.code === 'record_invalid') {
      faults.push(`${stream.name}: ${error.message}`);
      return undefined;
    }
    if (error.code === 'in_flight')
      throw new Refusal('busy', { detail: 'the same delivery is being taken; send it again later', retryAfterS: 1 });
    throw error;
  }
}

/** An id that does not tell deliveries apart: what came under it is kept for a person, and the sender need not try again. */
async function keepAltered(
  { pool }: TakeDeps,
  webhook: CompiledWebhook,
  { delivery, bodyHash, place }: Held,
): Promise<Taken> {
  const reason = 'another body came under the id of this delivery before';
  expectKept(webhook, [reason]);
  const deliveryId = `${place.deliveryId}#${bodyHash.toString('hex').slice(0, 16)}`;
  const read = readDelivery(webhook, presetOf(webhook.definition), delivery);
  const known = await available(() => findDelivery(pool, { ...place, deliveryId }));
  if (known !== undefined) await available(() => noteRepeated(pool, { ...place, deliveryId }));
  else
    await available(() =>
      noteDelivery(pool, {
        ...place,
        deliveryId,
        bodyHash,
        eventType: read.type ?? null,
        state: 'failed',
        reason,
        body: delivery.body,
        records: 0,
        quarantined: 0,
      }),
    );
  return { fate: 'altered', type: read.type, reason };
}

/** Longer ids, and those of characters that no text of PostgreSQL may hold, are told apart by their hash. */
function idOf({ id }: VerifiedDelivery): string {
  if (id === undefined) return `~${randomUUID()}`;
  return id.length > 256 || id.includes('\0') || id.startsWith('~')
    ? `~${createHash('sha256').update(id).digest('hex')}`
    : id;
}

/** The sender is to try again: nothing of the delivery is lost, and nothing of it is acknowledged. */
async function available<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await whenAvailable(work);
  } catch (error) {
    if (!(error instanceof WarehouseUnavailable)) throw error;
    throw unavailable(error);
  }
}
