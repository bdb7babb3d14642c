import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import type { UiServer } from '../../ui/server.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';
import { pulse } from '../../store/inspect/pulse.ts';
import { serveUi } from './serve-ui.ts';
import { CANARY, HOSTILE, pastOfUi, planPages } from './past-of-ui.ts';

type Document = ReturnType<typeof parseHTML>['document'];

const used = usePool();
let folder: TemporaryFolder;
let ui: UiServer;
const logged: object[] = [];

beforeAll(async () => {
  folder = await temporaryFolder();
  await pastOfUi(used.pool, folder.path);
  ui = await serveUi({ pool: used.pool, partnersDir: folder.path, logged });
});
afterAll(async () => {
  await ui?.close();
  await folder?.remove();
});

async function see(path: string): Promise<{ readonly status: number; readonly text: string; readonly page: Document }> {
  const answer = await fetch(`${ui.url}${path}`);
  const text = await answer.text();
  return { status: answer.status, text, page: parseHTML(text).document };
}

/** The rows of a table, cell by cell. */
const rowsOf = (page: Document, selector: string): readonly (readonly string[])[] =>
  [...page.querySelectorAll(`${selector} tbody tr`)].map((row) =>
    [...row.querySelectorAll('th, td')].map((cell) => (cell.textContent ?? '').replaceAll(/\s+/g, ' ').trim()),
  );

const paths = [
  '/',
  '/streams',
  '/streams?state=late&q=p3',
  '/partners/p1',
  '/partners/p4',
  '/partners/p2/s2',
  '/runs',
  '/runs?partner=p2&outcome=ok',
  '/runs/sync/p2/2026-11-23',
  '/runs/sync/p2/s1/2026-11-24',
  '/runs/sync/p2/2026-11-24?stream=s1&waited=partner&ended=lost&show=200',
  '/alerts',
  '/limits',
  '/callers',
  '/webhooks',
  '/janitor',
  '/actions',
  '/sign-in',
  ...planPages,
  '/duplicates/1?cluster=1&pair=1&done=1',
];

describe('the pages', () => {
  test('the janitor says what has stayed behind, what was removed and what a person can do', async () => {
    const { page } = await see('/janitor');
    expect(page.querySelector('#found p')?.textContent).toBe('the definition of broken does not load');
    expect(rowsOf(page, '#found').map(([where, , count, , todo]) => [where, count, todo])).toEqual([
      ['c1', '2', 'Removed'],
      [`p2.s1 ${HOSTILE}`, '1', expect.stringMatching(/^look at it with syncline runs show/)],
    ]);
    expect(rowsOf(page, '#reports').map(([, , by, did, places, removed]) => [by, did, places, removed])).toEqual([
      ['schedule', 'Looked, and removed not ended', '2', '2'],
    ]);
  });

  test('the overview says what is late or wrong first: why, since when, and what to do', async () => {
    const { page } = await see('/');
    const rows = rowsOf(page, '#troubles');
    expect(
      rows.map(
        ([where, what]) => `${where}: ${what?.replace(/ \(run\)$/, '').replace(/ is [\d.]+[hd] old/, ' is … old')}`,
      ),
    ).toEqual([
      'wrong broken: Its definition does not load',
      'late p3 / s1: Late: its data is … old, promised is 30h',
      'late p3 / s2: Late: its data is … old, promised is 30h',
      'late p4 / s1: Late: no run of it has ended well yet, promised is 30h',
      'late p4 / s2: Late: no run of it has ended well yet, promised is 30h',
      'failed p2 / s1: The last run failed',
      'partial p2 / s2: Some records did not come through, 3 runs in a row',
    ]);
    const [, , why, since, todo] = rows.at(-1) ?? [];
    expect(why).toBe('12 calls were refused for good: answered 400');
    expect(since).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d UTC [\d.]+[mhd] ago$/);
    expect(todo).toContain('syncline runs retry sync/p2/2026-11-24 --stream s2');
    // A schedule reads s1, and none reads s2.
    expect(rows.find(([where]) => where === 'late p3 / s1')?.[2]).toMatch(/though the schedule nightly reads it/);
    expect(rows.find(([where]) => where === 'late p3 / s2')?.[2]).toMatch(/no schedule of its definition reads it/);
    expect(rowsOf(page, '#notes')[0]).toEqual(expect.arrayContaining(['paused p1', 'All of the partner is paused']));
  });

  test('the overview leads to the alerts that are open', async () => {
    const { page } = await see('/');
    expect(page.querySelector('main a[href="/alerts"]')?.textContent).toBe('1 open alert');
  });

  test('the overview leads to plans that wait for a decision and to streams that differ', async () => {
    const { page } = await see('/');
    const said = (id: string): string | undefined =>
      page.querySelector(`#${id}`)?.textContent?.replaceAll(/\s+/g, ' ').trim();
    expect([said('to-decide'), said('differ')]).toEqual([
      'Pairs of duplicates wait for a decision: plan 1 of people.',
      'Records differ from what the partner has: 108 of p1 / s1.',
    ]);
    const stream = (await see('/partners/p1/s1')).page;
    expect(stream.querySelector('#standing')?.textContent?.replaceAll(/\s+/g, ' ')).toMatch(
      /Compared with the partner \S+ \S+ UTC \S+ ago: differs 108 records differ/,
    );
  });

  test('whoever has not signed in sees how many pairs and findings there are, and none of them', async () => {
    const { page } = await see('/duplicates/1');
    expect(rowsOf(page, '#rules')).toEqual([
      ['score', 'to merge', '35', '0', '0', '35'],
      ['same-email', 'to merge', '10', '0', '0', '10'],
      ['score', 'for a person to decide', '5', '0', '0', '5'],
    ]);
    expect(page.querySelector('#pairs')?.textContent).toContain('They are shown to people who have signed in');
    expect(page.querySelectorAll('#pairs table, main form')).toHaveLength(0);

    const differs = (await see(planPages.at(-1) ?? '')).page;
    expect(rowsOf(differs, '#kinds').map(([kind, , state, n]) => [kind, state, n])).toEqual([
      ['extra', 'open', '24'],
      ['stale', 'open', '84'],
      ['extra', 'explained', '6'],
      ['stale', 'explained', '6'],
    ]);
    expect(differs.querySelectorAll('#findings table, main form')).toHaveLength(0);
  });

  test('the tiles count what the lists behind them show', async () => {
    const { page } = await see('/');
    const tiles = [...page.querySelectorAll('#summary a')];
    expect(tiles.map((tile) => tile.textContent?.replaceAll(/\s+/g, ' ').trim())).toEqual([
      '4 late',
      '1 wrong',
      '1 to look at',
      '0 running',
      '2 as they should be',
    ]);
    for (const tile of tiles) {
      const list = await see(tile.getAttribute('href') ?? '');
      expect(list.page.querySelector('main')?.textContent).toContain(`${parseInt(tile.textContent ?? '', 10)} stream`);
    }
  });

  test.each(paths)('%s can be read without a script, and holds no secret and no record', async (path) => {
    const { status, text, page } = await see(path);
    expect(status).toBe(200);
    expect(page.querySelectorAll('h1')).toHaveLength(1);
    expect([...page.querySelectorAll('script')].map((script) => script.getAttribute('src'))).toEqual(['/live.js']);
    expect(text).not.toContain(CANARY);
    expect(text).not.toMatch(/ style=| on[a-z]+=|javascript:|undefined|\[object|NaN/);
  });

  test('whatever a partner says is text', async () => {
    for (const path of ['/', '/partners/p2', '/partners/p2/s1', '/runs/sync/p2/2026-11-24']) {
      const { page, text } = await see(path);
      expect(text).not.toContain('<script>alert');
      expect(page.querySelector('main')?.textContent).toContain(HOSTILE.replaceAll('`', ''));
    }
    const { status, text } = await see(`/partners/${encodeURIComponent(HOSTILE)}`);
    expect(status).toBe(404);
    expect(text).not.toContain('<script>alert');
    expect((await see(`/streams?q=${encodeURIComponent(`"><script>alert(1)</script>`)}`)).text).not.toContain(
      '<script>alert',
    );
  });

  test('a stream shows its runs and what is held by reason, a run where every record went', async () => {
    const stream = (await see('/partners/p2/s2')).page;
    expect(stream.querySelectorAll('#runs svg g')).toHaveLength(12);
    expect(stream.querySelector('#runs svg')?.getAttribute('aria-hidden')).toBe('true');
    expect(rowsOf(stream, '#held')).toEqual([['/amount', 'expected a number, found text', '2', expect.any(String)]]);
    expect(rowsOf(stream, '#runs')[0]?.slice(0, 2)).toEqual(['2026-11-24', 'partial']);

    const run = (await see('/runs/sync/p2/2026-11-24')).page;
    expect(rowsOf(run, '#streams').map((row) => row.slice(0, 4))).toEqual([
      ['s1', 'failed', '100', '100'],
      ['s2', 'partial', '100', '97'],
    ]);
    expect(run.querySelector('#streams')?.textContent).toContain('no record got lost on the way');
    expect(rowsOf(run, '#lineage')[0]).toEqual(expect.arrayContaining(['sync/p2/s1/2026-11-24', 'q']));
  });

  test('a run shows what it waited for: in all, the longest waits, and grant by grant', async () => {
    const { page } = await see('/runs/sync/p2/2026-11-24');
    const said = page.querySelector('#timeline')?.textContent?.replaceAll(/\s+/g, ' ') ?? '';
    expect(said).toContain('3 grants in all, of which 1 has no end');
    const table = (caption: string): readonly (readonly string[])[] =>
      rowsOf(page, `#timeline [aria-label="${caption}"]`);
    expect(table('What each stream waited for, in all')).toEqual([
      ['s1', 'the partner, which asked to wait', '1m 00s', '1m 00s'],
      ['s1', 'another worker, since its own ended', '9s', '9s'],
      ['s1', 'the declared rate', '4.5s', '4.5s'],
      ['s1', 'a free worker, or the rate of its queue', '1s', '1s'],
    ]);
    expect(table('The longest waits, and why').map(([, where, , ms, why]) => [where, ms, why])).toEqual([
      ['before grant 2', '1m 00s', `the partner, which asked to wait: answered 429: ${HOSTILE.replaceAll('`', '')}`],
      ['before grant 3', '9s', 'another worker, since its own ended'],
      ['within grant 1', '4.5s', 'the declared rate'],
      ['before grant 1', '1s', 'a free worker, or the rate of its queue'],
    ]);
    expect(table('Grants, the newest first').map(([grant, , , before, lasted]) => [grant, before, lasted])).toEqual([
      ['s1 3 attempt 2', '9s for another worker, since its own ended', '1s'],
      ['s1 2', '1m 00s for the partner, which asked to wait', '–'],
      ['s1 1', '1s for a free worker, or the rate of its queue', '30s'],
    ]);
    const ends = table('Grants, the newest first').map((row) => row.at(-1));
    expect(ends[1]).toBe('no end is known: its worker was killed, or lost the database');
    expect(ends[2]).toMatch(/^waits until \S+ \S+: answered 429/);
    // Who sees nothing is told the same.
    expect(page.querySelector('#timeline svg')?.getAttribute('aria-label')).toMatch(
      /s1 took \S+, and waited longest for the partner, which asked to wait: 1m/,
    );
    expect(page.querySelectorAll('#timeline svg .waited-partner, #timeline svg .waited-limit')).toHaveLength(2);
  });

  test('the grants of a run are chosen by what they waited for and how they ended, without JavaScript', async () => {
    const of = async (query: string): Promise<readonly string[]> =>
      rowsOf((await see(`/runs/sync/p2/2026-11-24?${query}`)).page, '#grants').map(([grant]) => grant ?? '');
    expect(await of('ended=lost')).toEqual(['s1 2']);
    expect(await of('waited=rate')).toEqual(['s1 1']);
    expect(await of('waited=partner&stream=s1')).toEqual(['s1 2']);
    expect(await of('stream=s2')).toEqual([]);
    expect(await of('show=1')).toEqual(['s1 3 attempt 2']);
    expect(await of('ended=nonsense&show=-3')).toHaveLength(3);
    const form = (await see('/runs/sync/p2/2026-11-24?ended=lost')).page.querySelector('#grants form');
    expect([form?.getAttribute('method'), form?.getAttribute('action')]).toEqual([
      'get',
      '/runs/sync/p2/2026-11-24#grants',
    ]);
    expect(form?.querySelector('select[name=ended] option[selected]')?.getAttribute('value')).toBe('lost');
  });

  test('a run shows the calls that the partner refused, with the ids by which the partner knows them', async () => {
    const { page } = await see('/runs/sync/p2/2026-11-24');
    expect(page.querySelector('#calls')?.textContent).toContain('12 calls to the partner, 12 failures');
    const calls = rowsOf(page, '#calls');
    expect(calls).toHaveLength(12);
    expect(calls[0]).toEqual(expect.arrayContaining(['s2', 'GET api.example/s2?parent', '400, skipped', 'request-1']));
  });

  test('an open alert says what it means and what to do, with its runbook', async () => {
    const { page } = await see('/alerts');
    expect(rowsOf(page, '#open')).toEqual([
      [
        'page p2 / s1',
        'its run failed run-failed',
        'data is missing',
        expect.stringMatching(/ 10[.\d]*m ago$/),
        'read it again Runbook',
      ],
    ]);
    expect(page.querySelector('#open a[rel]')?.getAttribute('href')).toBe('https://runbooks.example/run-failed');
  });

  test('limits, without the secret that their counters are named after', async () => {
    const limits = rowsOf((await see('/partners/p1')).page, '#limits');
    expect(limits.map(([name, allowed]) => [name, allowed])).toEqual([
      ['rate', '10 per 1s'],
      ['daily', '1,000 per day'],
    ]);
  });

  test('a table in a target that differs from the store is said, with its rows and what to do', async () => {
    await used.pool.query(
      `insert into target_states (target, partner, stream, cursor) select 'lake', partner, name, last_event from streams where partner = 'p3' and name = 's1'`,
    );
    for (const [run, verdict, missing] of [
      ['1', 'clean', 0],
      ['2', 'differs', 2],
      ['3', 'differs', 3],
    ] as const)
      await used.pool.query(
        `insert into target_comparisons (run_id, target, stream_id, table_name, state, verdict, missing, finished_at)
          select $1::text, 'lake', stream_id, 's1', 'done', $2, $3, now() - (4 - $1::text::integer) * interval '1 hour' from streams where partner = 'p3' and name = 's1'`,
        [run, verdict, missing],
      );
    // The overview is read for all who ask within some seconds; this page has the same list, and is read anew.
    const { page } = await see('/partners/p3/s1');
    const told = (page.querySelector('main')?.textContent ?? '').replaceAll(/\s+/g, ' ');
    expect(told).toContain('p3.s1 in the target lake has other rows than the store: 3 missing');
    expect(told).toContain('syncline targets compare lake p3.s1 --heal');
    expect(rowsOf(page, '#targets')).toEqual([
      ['lake', 'nothing', '–', '–', expect.stringMatching(/^differs since .* 2h ago$/), ''],
    ]);
    await used.pool.query(
      `insert into target_comparisons (run_id, target, stream_id, table_name, state, verdict, finished_at)
        select '4', 'lake', stream_id, 's1', 'done', 'clean', now() from streams where partner = 'p3' and name = 's1'`,
    );
    const after = await see('/partners/p3/s1');
    expect(after.text).not.toContain('other rows than the store');
    expect(rowsOf(after.page, '#targets')).toMatchObject([
      ['lake', 'nothing', '–', '–', expect.stringMatching(/^the same /), ''],
    ]);
  });

  test('what is not there is told with 404, and leads back', async () => {
    for (const path of [
      ...['/nowhere', '/partners/nobody', '/partners/p1/none', '/runs/sync/p1/1999-01-01'],
      ...['/duplicates/99', '/duplicates/x', '/reconciliations/none'],
    ]) {
      const { status, page } = await see(path);
      expect([status, page.querySelector('h1')?.textContent]).toEqual([404, 'There is no such page']);
    }
    expect((await see('/partners/%ff')).status).toBe(400);
  });

  test('a browser may run and load nothing but our two files', async () => {
    const { headers } = await fetch(ui.url);
    const policy = Object.fromEntries(
      (headers.get('content-security-policy') ?? '').split(';').map((part) => part.trim().split(/ (.*)/)),
    );
    expect(policy).toMatchObject({
      'default-src': "'none'",
      'script-src': "'self'",
      'style-src': "'self'",
      'frame-ancestors': "'none'",
      'form-action': "'self'",
    });
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    for (const asset of ['/style.css', '/live.js', '/icon.svg']) {
      const first = await fetch(`${ui.url}${asset}`);
      const etag = first.headers.get('etag') ?? '';
      expect([first.status, (await fetch(`${ui.url}${asset}`, { headers: { 'if-none-match': etag } })).status]).toEqual(
        [200, 304],
      );
    }
  });

  test('open pages are told that something has happened', async () => {
    const ending = new AbortController();
    const answer = await fetch(`${ui.url}/live`, { signal: ending.signal });
    expect(answer.headers.get('content-type')).toMatch(/^text\/event-stream/);
    const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    await used.pool.query(`update streams set last_page = last_page + 1 where partner = 'p1' and name = 's1'`);
    let heard = '';
    while (!heard.includes('event: changed')) heard += (await reader.read()).value ?? '';
    ending.abort();
    expect(heard).toMatch(/^retry: 5000\n\n/);
  });

  test.each([
    ['the janitor', `insert into janitor_reports (run, by, mode) values ('r2', 'ann', 'report')`],
    ['the end of its report', `update janitor_reports set ended_at = now() where run = 'r2'`],
    [
      'a plan of duplicates',
      `insert into duplicate_plans (name, workflow_id, settings, by, state) values ('people', 'w', '{}', 'ann', 'finding')`,
    ],
    ['the end of its search', `update duplicate_plans set state = 'ready' where workflow_id = 'w'`],
    [
      'a reconciliation',
      `insert into reconciliations (reconciliation, stream_id, level, definition_version) select 'reconcile/p1/s1/z', min(stream_id), 'keys', '' from streams`,
    ],
    [
      'its end',
      `update reconciliations set state = 'done', verdict = 'clean', finished_at = now() where reconciliation = 'reconcile/p1/s1/z'`,
    ],
    [
      'a comparison of a target',
      `insert into target_comparisons (run_id, target, stream_id, table_name) select 'z', 'lake', min(stream_id), 's1' from streams`,
    ],
    [
      'the end of a comparison',
      `update target_comparisons set state = 'done', verdict = 'clean', finished_at = now() where run_id = 'z'`,
    ],
  ])('%s is heard by open pages', async (_, sql) => {
    const before = await pulse(used.pool);
    await used.pool.query(sql);
    expect(await pulse(used.pool)).not.toBe(before);
  });

  test('probes answer, and nothing that went wrong was said', async () => {
    expect([(await fetch(`${ui.url}/healthz`)).status, (await fetch(`${ui.url}/readyz`)).status]).toEqual([200, 200]);
    expect(logged).toEqual([]);
  });
});
