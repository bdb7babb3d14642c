import { randomUUID } from 'node:crypto';
import { presets } from '../../ingest/webhooks/presets.ts';
import { sign } from '../../ingest/webhooks/sign.ts';
import { PARTNER, WEBHOOK } from './definitions.ts';
import type { Row } from './compare.ts';

/** Who sends: a caller with records of their own, and the partner's webhooks. */
export interface Sender {
  /** What the caller has sent so far, by stream: what the tables have to show. */
  truth(stream: 'orders' | 'order_lines'): readonly Row[];
  /** A new order behind its lines, which so wait for it, and a change of an old one; some requests twice. */
  sendOrders(random: () => number, atIso: string): Promise<void>;
  /** A record of the partner before the night reads it; now and then twice, now and then forged. */
  sendWebhook(random: () => number, record: Row): Promise<void>;
}

export function createSender(of: { readonly url: string; readonly key: string; readonly secret: string }): Sender {
  const truth = { orders: new Map<string, Row>(), order_lines: new Map<string, Row>() };
  let made = 0;

  const push = async (stream: keyof typeof truth, records: readonly Row[], twice: boolean): Promise<void> => {
    const headers = {
      authorization: `Bearer ${of.key}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    };
    const body = JSON.stringify(records);
    for (let n = 0; n < (twice ? 2 : 1); n += 1) {
      const answer = await fetch(`${of.url}/v1/${PARTNER}/${stream}`, { method: 'POST', headers, body });
      const text = await answer.text();
      if (answer.status !== 202) throw new Error(`a push of ${stream} was answered ${answer.status}: ${text}`);
    }
    for (const record of records) truth[stream].set(String(record['id']), record);
  };

  return {
    truth: (stream) => [...truth[stream].values()],
    sendOrders: async (random, atIso) => {
      const id = `ord_${(made += 1)}`;
      const lines = [1, 2].map((n) => ({ id: `${id}_${n}`, order_id: id, pieces: Math.floor(random() * 9) }));
      const total = Math.floor(random() * 10_000);
      await push('order_lines', lines, random() < 0.3);
      await push('orders', [{ id, total, changed_at: atIso }], random() < 0.3);
      const old = truth.orders.get(`ord_${1 + Math.floor(random() * made)}`);
      if (old !== undefined && old['id'] !== id)
        await push('orders', [{ ...old, total, changed_at: atIso }], random() < 0.3);
    },
    sendWebhook: async (random, record) => {
      const id = `msg_${randomUUID()}`;
      const body = Buffer.from(JSON.stringify({ type: 'payment.updated', data: record }));
      const url = `${of.url}/hooks/${PARTNER}/${WEBHOOK}`;
      const headers = sign(presets.standard, { secret: of.secret, id, url, body, nowMs: Date.now() });
      const send = async (bytes: Buffer, expected: number): Promise<void> => {
        const answer = await fetch(url, {
          method: 'POST',
          headers: { ...headers, 'content-type': 'application/json' },
          body: bytes,
        });
        const text = await answer.text();
        if (answer.status !== expected) throw new Error(`a webhook was answered ${answer.status}: ${text}`);
      };
      await send(body, 200);
      if (random() < 0.2) await send(body, 200);
      if (random() < 0.2) await send(Buffer.from(body.toString().replace('payment', 'forged')), 401);
    },
  };
}
