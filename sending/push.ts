import { batchesOf, type SentBatch } from './batch.ts';
import { Pace } from './pace.ts';
import { PushFailed } from './push-failed.ts';
import type { Misfit, PushOptions, PushReport } from './push-options.ts';
import { sendBatch } from './send-batch.ts';

const usual = { records: 500, bytes: 1024 * 1024, concurrency: 1 } as const;

/**
 * Sends records to a stream, and resolves when all of them are durable. Each batch is tried with one Idempotency-Key until it is answered, so none lands twice.
 * Throws PushFailed at the first batch that cannot be mended by waiting, once the requests that run then have ended; or the reason of `signal`.
 */
export async function push(options: PushOptions): Promise<PushReport> {
  const { records, partner, stream, batch = {}, concurrency = usual.concurrency } = options;
  const most = { records: batch.records ?? usual.records, bytes: batch.bytes ?? usual.bytes };
  if (!(most.records >= 1 && most.bytes >= 1 && concurrency >= 1))
    throw new RangeError('batch.records, batch.bytes and concurrency: expected at least 1');
  options.signal?.throwIfAborted();
  const batches = batchesOf(records, { partner, stream, most });
  const pace = new Pace(options);
  const total = new Total();
  let failure: { readonly error: unknown } | undefined;
  const work = async (): Promise<void> => {
    while (!pace.stopped) {
      const next = await batches.next();
      if (next.done === true) return;
      for (const sent of await sendBatch(options, next.value, pace)) {
        total.add(sent);
        await options.onAnswer?.(sent);
      }
    }
  };
  const working = Array.from({ length: Math.floor(concurrency) }, () =>
    work().catch((error: unknown) => {
      failure ??= { error };
      pace.stop();
    }),
  );
  await Promise.all(working);
  await batches.return();
  if (failure === undefined) return total.report();
  const { error } = failure;
  if (error instanceof PushFailed) error.report = total.report();
  throw error;
}

class Total {
  #requests = 0;
  #records = 0;
  readonly #quarantined: Misfit[] = [];

  add({ records, items }: SentBatch): void {
    this.#requests += 1;
    this.#records += records;
    for (const { record, status, pointer = '#', detail = '' } of items)
      if (status === 'quarantined') this.#quarantined.push({ record, pointer, detail });
  }

  report(): PushReport {
    const quarantined = this.#quarantined.toSorted((a, b) => a.record - b.record);
    return {
      requests: this.#requests,
      records: this.#records,
      accepted: this.#records - quarantined.length,
      quarantined,
    };
  }
}
