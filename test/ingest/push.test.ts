import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { accepted, requestState } from '../../ingest/answers.ts';
import { ordersByPush, useIngest } from '../support/use-ingest.ts';

const served = useIngest(
  {
    orders: ordersByPush(),
    checked: ordersByPush(),
    entries: ordersByPush({ primaryKey: [], version: [], disposition: 'append' }),
    again: ordersByPush(),
    poisoned: ordersByPush(),
    strict: ordersByPush({ push: { idempotency: 'required' } }),
    needing: ordersByPush({ requires: { of: { stream: 'orders', by: 'text' } } }),
    gone: ordersByPush({ deletes: { field: 'text', equals: 'gone', hold: { count: 2, share: 0 } } }),
    pulled: { ...ordersByPush(), path: '/pulled', push: undefined },
  },
  { limits: { bytes: 4096, records: 20, depth: 8 } },
);
const withKey = (key: string = randomUUID()): Record<string, string> => ({ 'idempotency-key': key });
const ndjson = { 'content-type': 'application/x-ndjson' };
const codeOf = ({ status, body }: { readonly status: number; readonly body: unknown }): unknown[] => [
  status,
  (body as { code?: string }).code,
];

describe('records that are pushed', () => {
  test('are in the log and in the table when they are answered: one, an array, or a line each', async () => {
    const one = await served.push('orders', { id: 'a', v: 1, text: 'first' });
    expect(one.status).toBe(202);
    expect(accepted.parse(one.body)).toMatchObject({
      records: 1,
      accepted: 1,
      items: [{ index: 0, status: 'accepted' }],
    });
    const many = await served.push('orders', [
      { id: 'b', v: 1 },
      { id: 'a', v: 2, text: 'second' },
    ]);
    expect(many.status).toBe(202);
    const lines = '{"id":"c","v":1,"more":12345678901234567890}\n\n{"id":"b","v":1}\n';
    expect((await served.send('orders', lines, ndjson)).status).toBe(202);
    expect(await served.rows('orders', 'id, v, text')).toEqual([
      ['a', '2', 'second'],
      ['b', '1', null],
      ['c', '1', null],
    ]);
    const { rows } = await served.pool.query(
      `select e.key, e.payload::text as payload, p.kind, p.caller from events e join pages p using (stream_id) join streams s using (stream_id)
        where s.name = 'orders' and p.page_id = e.page and e.key = 'c'`,
    );
    expect(rows).toEqual([
      { key: 'c', payload: '{"id":"c","v":1,"more":12345678901234567890}', kind: 'push', caller: 'caller' },
    ]);
    const state = await served.get(String(many.headers.get('location')));
    expect(requestState.parse(state.body)).toMatchObject({
      status: 'applied',
      final: true,
      version: 1,
      counts: { records: 2, inserted: 1, updated: 1 },
    });
    expect(state.headers.get('etag')).toBe('"v1"');
    expect((await served.get(String(many.headers.get('location')), { 'if-none-match': '"v1"' })).status).toBe(304);
    expect((await served.get(String(many.headers.get('location')), { authorization: 'Bearer other' })).status).toBe(
      404,
    );
  });

  test('that do not fit are named with their place; the others land, or none does with atomic', async () => {
    const records = [{ id: 'x', v: 1 }, { v: 'no' }, { id: 'y', v: 1 }];
    const atomic = await served.send('checked?atomic=true', JSON.stringify(records));
    expect(codeOf(atomic)).toEqual([422, 'record_invalid']);
    expect((atomic.body as { errors: unknown }).errors).toEqual([
      { pointer: '#/1/id', detail: expect.stringContaining('expected') as unknown },
    ]);
    const some = await served.push('checked', records);
    expect(some.status).toBe(202);
    expect(some.body).toMatchObject({
      accepted: 2,
      quarantined: 1,
      items: [{}, { index: 1, status: 'quarantined', pointer: '#/1/id' }, {}],
    });
    expect(await served.rows('checked', 'id')).toEqual([['x'], ['y']]);
    expect(await served.get(String(some.headers.get('location')))).toMatchObject({
      body: { status: 'quarantined', held: 1, final: false },
    });
    const single = await served.push('checked', { id: 5 });
    expect(codeOf(single)).toEqual([422, 'record_invalid']);
    expect(single.body).toMatchObject({ errors: [{ pointer: '#/id' }] });
    expect((await served.push('checked', [{ id: 5 }])).body).toMatchObject({ errors: [{ pointer: '#/0/id' }] });
    expect((await served.send('checked', '{"id":5}\n', ndjson)).body).toMatchObject({
      errors: [{ pointer: '#/0/id' }],
    });
    expect(single.headers.get('content-type')).toBe('application/problem+json');
  });

  test('wait for what they need, and the request says so until it comes', async () => {
    const waits = await served.push('needing', { id: 'n', v: 1, text: 'late' });
    const at = String(waits.headers.get('location'));
    expect((await served.get(at)).body).toMatchObject({ status: 'waiting', waiting: 1, version: 1, final: false });
    const polled = served.get(`${at}?wait=20`, { 'if-none-match': '"v1"' });
    await served.push('orders', { id: 'late', v: 1 });
    expect((await polled).body).toMatchObject({ status: 'applied', waiting: 0, version: 2, final: true });
    expect(await served.rows('needing', 'id')).toEqual([['n']]);
  });

  test('delete, and so many at once that a person has to look go to quarantine', async () => {
    await served.push(
      'gone',
      ['a', 'b', 'c', 'd'].map((id) => ({ id, v: 1 })),
    );
    await served.push('gone', { id: 'a', v: 2, text: 'gone' });
    expect(await served.rows('gone', 'id')).toEqual([['b'], ['c'], ['d']]);
    const wave = await served.push('gone', [
      ...['b', 'c', 'd'].map((id) => ({ id, v: 2, text: 'gone' })),
      { id: 'e', v: 1 },
    ]);
    expect(wave.body).toMatchObject({ accepted: 1, quarantined: 3 });
    expect(await served.rows('gone', 'id')).toEqual([['b'], ['c'], ['d'], ['e']]);
  });
});

describe('a request that the database fails on', () => {
  test('takes no other one with it, though they came together', async () => {
    await served.push('poisoned', { id: 'first', v: 1 });
    await served.pool.query(`create function acme.refuse() returns trigger language plpgsql as $$
        begin if new.id = 'poison' then raise exception 'no'; end if; return new; end $$;
      create trigger refuse before insert on acme.poisoned for each row execute function acme.refuse()`);
    const ids = ['a', 'b', 'poison', 'c', 'd'];
    const answers = await Promise.all(ids.map((id) => served.push('poisoned', { id, v: 1 }, withKey())));
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 500, 202, 202]);
    expect(await served.rows('poisoned', 'id')).toEqual([['a'], ['b'], ['c'], ['d'], ['first']]);
  });
});

describe('the ledger of pushes', () => {
  test('loses those that brought nothing new once retention says so, and no others', async () => {
    const first = await served.push('again', { id: 'a', v: 1 });
    const second = await served.push('again', { id: 'a', v: 1 });
    const { rows } = await served.pool.query<{ pages: string }>(
      `select r.pages from streams s, remove_pages(s.stream_id, now() + interval '1 minute', 0, 1000, false) r where s.name = 'again'`,
    );
    const found = async (answer: typeof first): Promise<number> =>
      (await served.get(String(answer.headers.get('location')))).status;
    expect([rows, await found(first), await found(second)]).toEqual([[{ pages: '1' }], 200, 404]);
  });
});

describe('the Idempotency-Key', () => {
  test('replays the stored answer byte for byte, and refuses another body', async () => {
    const key = withKey();
    const [first, again] = [
      await served.push('entries', { id: 'e', v: 1 }, key),
      await served.push('entries', { id: 'e', v: 1 }, { 'idempotency-key': JSON.stringify(key['idempotency-key']) }),
    ];
    expect([first.status, again.status, again.text]).toEqual([202, 202, first.text]);
    expect([first.headers.get('idempotent-replayed'), again.headers.get('idempotent-replayed')]).toEqual([
      null,
      'true',
    ]);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(codeOf(await served.push('entries', { id: 'f', v: 1 }, key))).toEqual([422, 'key_reused']);
    // Another caller, and another stream, have keys of their own.
    expect(
      (await served.push('entries', { id: 'e', v: 1 }, { ...key, authorization: 'Bearer other' })).headers.get(
        'idempotent-replayed',
      ),
    ).toBeNull();
    expect((await served.push('strict', { id: 'e', v: 1 }, key)).status).toBe(202);
    expect(await served.rows('entries', 'id')).toEqual([['e'], ['e']]);
  });

  test('is required where nothing else tells a record that comes twice, and not used up by what is refused', async () => {
    expect(codeOf(await served.push('entries', { id: 'e', v: 1 }))).toEqual([400, 'key_missing']);
    const key = withKey();
    expect(codeOf(await served.push('strict', { v: 1 }, key))).toEqual([422, 'record_invalid']);
    expect((await served.push('strict', { id: 'right', v: 1 }, key)).status).toBe(202);
  });

  test.each([
    ['short', 'abc'],
    ['of few characters', 'aaaaaaaaaaaaaaaaaaaaaaaa'],
    ['two', '0123456789abcdefghij, 0123456789abcdefghik'],
    ['no string', '"0123456789abcdefghij'],
    ['long', 'abcdefghijklmnop'.repeat(20)],
  ])('is refused where it is %s', async (_, key) => {
    expect(codeOf(await served.push('orders', { id: 'k', v: 1 }, withKey(key)))).toEqual([400, 'key_invalid']);
  });

  test('of a claim whose owner died is free when its lease ends, for the same request only; a late owner writes nothing', async () => {
    const key = randomUUID();
    const fresh = await served.push('entries', { id: 'dead', v: 1 }, withKey(key));
    const claim = (state: string): Promise<unknown> =>
      served.pool.query(
        `update idempotency set status = null, body = null, location = null, lease = $2, ${state} where key = $1`,
        [key, randomUUID()],
      );
    await claim(`lease_until = now() + interval '1 minute'`);
    const busy = await served.push('entries', { id: 'dead', v: 1 }, withKey(key));
    expect(codeOf(busy)).toEqual([409, 'in_flight']);
    expect(Number(busy.headers.get('retry-after'))).toBeGreaterThan(50);
    await claim(`lease_until = now() - interval '1 second'`);
    expect(codeOf(await served.push('entries', { id: 'other', v: 1 }, withKey(key)))).toEqual([422, 'key_reused']);
    const taken = await served.push('entries', { id: 'dead', v: 1 }, withKey(key));
    expect([fresh.status, taken.status, taken.headers.get('idempotent-replayed')]).toEqual([202, 202, null]);
    await served.pool.query(`update idempotency set expires_at = now() - interval '1 second' where key = $1`, [key]);
    expect((await served.push('entries', { id: 'new', v: 1 }, withKey(key))).status).toBe(202);
  });
});

describe('what is no request for records', () => {
  const deep = `${'['.repeat(20)}${']'.repeat(20)}`;
  test.each<[string, string | Buffer, Record<string, string>, [number, string]]>([
    ['no JSON', '{"id":', {}, [400, 'body_invalid']],
    ['no UTF-8', Buffer.from('7b226964223a22ff227d', 'hex'), {}, [400, 'body_invalid']],
    ['nothing', '', {}, [400, 'body_invalid']],
    ['an empty array', '[]', {}, [400, 'body_invalid']],
    ['nested too deeply', `{"id":"a","v":1,"text":${deep}}`, {}, [413, 'too_large']],
    [
      'too many records',
      JSON.stringify(Array.from({ length: 21 }, (_, i) => ({ id: String(i), v: 1 }))),
      {},
      [413, 'too_large'],
    ],
    ['too many bytes', `{"id":"${'x'.repeat(5000)}","v":1}`, {}, [413, 'too_large']],
    [
      'too many bytes once unpacked',
      gzipSync(`{"id":"${'x'.repeat(50_000)}","v":1}`),
      { 'content-encoding': 'gzip' },
      [413, 'too_large'],
    ],
    ['no gzip', 'plain', { 'content-encoding': 'gzip' }, [400, 'body_invalid']],
    ['packed otherwise', 'plain', { 'content-encoding': 'br' }, [415, 'unsupported_type']],
    ['a form', 'id=a', { 'content-type': 'application/x-www-form-urlencoded' }, [415, 'unsupported_type']],
    ['another charset', '{}', { 'content-type': 'application/json; charset=latin1' }, [415, 'unsupported_type']],
    ['of somebody who may not', '{"id":"a","v":1}', { authorization: 'Bearer stranger' }, [403, 'not_allowed']],
  ])('is refused: %s', async (_, body, headers, expected) => {
    const answer = await served.send('orders', body, headers);
    expect(codeOf(answer)).toEqual(expected);
    expect(answer.body).toMatchObject({
      status: expected[0],
      type: `${served.ingest.url}/problems/${expected[1]}`,
      request_id: answer.headers.get('x-request-id'),
    });
  });

  test('gets 404 where nothing is, and 405 with what is allowed', async () => {
    expect(codeOf(await served.push('nowhere', {}))).toEqual([404, 'not_found']);
    expect(codeOf(await served.push('pulled', { id: 'a' }))).toEqual([404, 'not_found']);
    expect(codeOf(await served.get('/else'))).toEqual([404, 'not_found']);
    expect(codeOf(await served.get('/v1/ingest/none'))).toEqual([404, 'not_found']);
    const wrong = await served.get('/v1/acme/orders');
    expect([...codeOf(wrong), wrong.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'POST']);
    expect(
      (await served.send('orders', gzipSync('{"id":"zipped","v":1}'), { 'content-encoding': 'gzip' })).status,
    ).toBe(202);
  });
});
