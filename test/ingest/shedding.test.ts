import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Gate } from '../../ingest/gate.ts';
import type { Ingest } from '../../ingest/start-ingest.ts';
import { eventually } from '../support/eventually.ts';
import { ask, openIngestBench, ordersByPush, type Answered, type IngestBench } from '../support/use-ingest.ts';
import { talk, type Talk } from './support/talk.ts';

const priorities = { critical: 0, normal: 1, bulk: 2 } as const;
type Tier = keyof typeof priorities;
const byTier: Gate = {
  admit: ({ authorization }) => {
    const name = (authorization ?? '').replace('Bearer ', '') as Tier;
    return Promise.resolve({ name, priority: priorities[name], mayPush: () => true, headers: {} });
  },
};

let bench: IngestBench;
beforeAll(async () => {
  const entries = ordersByPush({ primaryKey: [], version: [], disposition: 'append' });
  bench = await openIngestBench({ entries, others: entries, large: entries });
});
afterAll(() => bench.close());

/** A database that stands still until it is let go. */
function standstill(): { readonly failpoint: () => Promise<void>; readonly end: () => void } {
  const over = new AbortController();
  const ended = once(over.signal, 'abort').then(() => {});
  return { failpoint: () => ended, end: () => over.abort() };
}

const send = (ingest: Ingest, tier: Tier, { id, stream }: { readonly id: string; readonly stream: string }) =>
  ask(`${ingest.url}/v1/acme/${stream}`, {
    method: 'POST',
    body: JSON.stringify({ id }),
    headers: {
      authorization: `Bearer ${tier}`,
      'content-type': 'application/json',
      'idempotency-key': randomUUID(),
    },
  });
const idsOf = async (stream: string): Promise<readonly string[]> => {
  const { rows } = await bench.pool.query<{ id: string }>(`select id from acme.${stream} order by id`);
  return rows.map(({ id }) => id);
};
const isOverloaded = ({ status, headers, body }: Answered): boolean =>
  status === 503 && headers.get('retry-after') === '1' && (body as { code: string }).code === 'overloaded';

describe('a server that cannot write as fast as it is told', () => {
  test('takes from bulk callers up to half of what it holds, from normal ones 80 %, and from critical ones all', async () => {
    const { failpoint, end } = standstill();
    const ingest = await bench.start({ gate: byTier, failpoint, bounds: { requests: 20 } });
    const taken: Promise<Answered>[] = [];
    const ids: string[] = [];
    for (const [tier, room] of [
      ['bulk', 10],
      ['normal', 16],
      ['critical', 20],
    ] as const) {
      while (taken.length < room) {
        const id = `${tier} ${taken.length}`;
        ids.push(id);
        taken.push(send(ingest, tier, { id, stream: 'entries' }));
      }
      expect(await eventually(() => ingest.load() === room / 20)).toBe(true);
      const refused = await Promise.all(
        Array.from({ length: 5 }, (_, i) => send(ingest, tier, { id: `refused ${i}`, stream: 'entries' })),
      );
      expect(refused.filter((answer) => !isOverloaded(answer))).toEqual([]);
      expect(ingest.load()).toBe(room / 20);
    }
    end();
    expect((await Promise.all(taken)).map(({ status }) => status)).toEqual(ids.map(() => 202));
    expect(await idsOf('entries')).toEqual(ids.toSorted());
    expect(ingest.load()).toBe(0);
    expect((await send(ingest, 'bulk', { id: 'after', stream: 'entries' })).status).toBe(202);
  });

  test('holds no more than it may while hundreds come at once, and loses nothing of what it took', async () => {
    const { failpoint, end } = standstill();
    const ingest = await bench.start({ gate: byTier, failpoint, bounds: { requests: 20 } });
    let refused = 0;
    const answers = Array.from({ length: 300 }, async (_, i) => {
      const answer = await send(ingest, (['critical', 'normal', 'bulk'] as const)[i % 3] as Tier, {
        id: `at once ${i}`,
        stream: 'others',
      });
      if (isOverloaded(answer)) refused += 1;
      return answer;
    });
    expect(await eventually(() => refused === 280)).toBe(true);
    expect(ingest.load()).toBe(1);
    end();
    const landed = (await Promise.all(answers)).flatMap(({ status }, i) => (status === 202 ? [`at once ${i}`] : []));
    expect(landed).toHaveLength(20);
    expect(await idsOf('others')).toEqual(landed.toSorted());
  });

  test('says so before a body is sent', async () => {
    const { failpoint, end } = standstill();
    const ingest = await bench.start({ gate: byTier, failpoint, bounds: { requests: 2 } });
    const first = send(ingest, 'bulk', { id: 'first', stream: 'large' });
    expect(await eventually(() => ingest.load() === 0.5)).toBe(true);
    const { socket, said } = begin(ingest, 'bulk', 1_000_000);
    expect(await said('"overloaded"')).toMatch(/^HTTP\/1\.1 503 [\S\s]*\r\nretry-after: 1\r\n/);
    socket.destroy();
    end();
    expect((await first).status).toBe(202);
  });
});

/** About 100,000 bytes. */
const large = (id: string): string => JSON.stringify([{ id, text: 'x'.repeat(100_000) }]);

/** The head of a request whose body is still to come. */
function begin(ingest: Ingest, tier: Tier, bytes: number): Talk {
  const talking = talk(ingest.url);
  talking.socket.write(
    `POST /v1/acme/large HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${tier}\r\ncontent-type: application/json\r\n` +
      `idempotency-key: ${randomUUID()}\r\ncontent-length: ${bytes}\r\n\r\n`,
  );
  return talking;
}

describe('bodies that come slowly', () => {
  test('are bounded all together: one that is too much is refused in the middle, and there is room again when others have ended', async () => {
    const ingest = await bench.start({ gate: byTier, bodiesBytes: 300_000 });
    const half = 50_000;
    const bodies = ['a', 'b', 'c', 'd'].map(large);
    const [a, b, c, d] = bodies.map((body) => begin(ingest, 'critical', body.length)) as [Talk, Talk, Talk, Talk];
    for (const [i, each] of [a, b, c, d].entries()) each.socket.write((bodies[i] as string).slice(0, half));
    a.socket.write((bodies[0] as string).slice(half));
    expect(await a.said('"accepted"')).toMatch(/^HTTP\/1\.1 202 /);
    // Three halves are held: with a large one more it is too much, and with a small one it is not.
    const e = begin(ingest, 'critical', 200_000);
    e.socket.write('x'.repeat(200_000));
    expect(await e.closed).toMatch(/^HTTP\/1\.1 503 [\S\s]*"overloaded"/);
    expect((await send(ingest, 'bulk', { id: 'small', stream: 'large' })).status).toBe(202);
    b.socket.destroy();
    for (const [i, each] of [c, d].entries()) {
      each.socket.write((bodies[i + 2] as string).slice(half));
      expect(await each.said('"accepted"')).toMatch(/^HTTP\/1\.1 202 /);
      each.socket.destroy();
    }
    const again = large('e');
    const f = begin(ingest, 'critical', again.length);
    f.socket.write(again);
    expect(await f.said('"accepted"')).toMatch(/^HTTP\/1\.1 202 /);
    f.socket.destroy();
    expect(await idsOf('large')).toEqual(['a', 'c', 'd', 'e', 'first', 'small']);
    a.socket.destroy();
  });
});
