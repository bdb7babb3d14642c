import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Client, type WorkflowHandle } from '@temporalio/client';
import { HOUR } from '../../core/duration.ts';
import type { UiServer } from '../../ui/server.ts';
import { readPauses } from '../../store/pauses.ts';
import { listAlerts } from '../../store/alerts/alerts.ts';
import { readApproval } from '../../store/approvals.ts';
import { readDeeds } from '../../store/ui-audit.ts';
import { isAllowed } from '../../ui/sign-in/oidc.ts';
import { ownPath } from '../../ui/sign-in/own-path.ts';
import { eventually } from '../support/eventually.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, type TestTemporal } from '../support/temporal.ts';
import { usePool } from '../support/use-pool.ts';
import { pastOfUi } from './past-of-ui.ts';
import { Browser, serveUi, type Serve } from './serve-ui.ts';

const TOKEN = 'a-token-of-the-test';
const used = usePool();
let folder: TemporaryFolder;
let temporal: TestTemporal;
let client: Client;
const servers: UiServer[] = [];

beforeAll(async () => {
  [folder, temporal] = await Promise.all([temporaryFolder(), testTemporal()]);
  client = new Client({ connection: temporal.connection, namespace: await freshNamespace() });
  await pastOfUi(used.pool, folder.path);
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
afterAll(async () => {
  await temporal?.close();
  await folder?.remove();
});

async function serve(env: Readonly<Record<string, string>>, more: Partial<Serve> = {}): Promise<string> {
  const server = await serveUi({ pool: used.pool, partnersDir: folder.path, env, ...more });
  servers.push(server);
  return server.url;
}

async function signedIn(url: string, name = 'ann'): Promise<Browser> {
  const browser = new Browser(url);
  expect(await browser.post('/sign-in', { name, token: TOKEN, to: '/partners/p2' })).toMatchObject({
    status: 303,
    location: '/partners/p2',
  });
  return browser;
}

const formOn = async (browser: Browser, path: string): Promise<string> =>
  /name="form" value="([^"]+)"/.exec((await browser.get(path)).text)?.[1] ?? '';

/** A run that Temporal has, and that nobody carries on. */
const waits = (workflowId: string): Promise<WorkflowHandle> =>
  client.workflow.start('syncStream', { workflowId, taskQueue: 'nobody', args: [] });
const wasTold = async (run: WorkflowHandle): Promise<boolean> =>
  (await run.fetchHistory()).events?.some((event) => event.workflowExecutionSignaledEventAttributes != null) ?? false;

const byToken = { SYNCLINE_UI_TOKEN: TOKEN };

describe('who has not signed in', () => {
  test('may look and sees no form that changes something; where readers sign in, sees nothing', async () => {
    const open = new Browser(await serve(byToken));
    const page = await open.get('/partners/p2');
    expect(page).toMatchObject({ status: 200, text: expect.stringContaining('Sign in') });
    expect(page.text).not.toContain('action="/actions/');
    expect(await open.post('/actions/pause', { target: 'p2', reason: 'why', form: 'x' })).toMatchObject({
      status: 401,
    });

    const closed = new Browser(await serve({ ...byToken, SYNCLINE_UI_READERS: 'signed-in' }));
    expect(await closed.get('/partners/p2')).toMatchObject({ status: 303, location: '/sign-in?to=%2Fpartners%2Fp2' });
    expect(await closed.get('/live')).toMatchObject({ status: 401 });
    for (const path of ['/sign-in', '/style.css', '/healthz'])
      expect(await closed.get(path)).toMatchObject({ status: 200 });
    await closed.post('/sign-in', { name: 'ann', token: TOKEN, to: '/' });
    expect(await closed.get('/partners/p2')).toMatchObject({ status: 200 });
  });

  test('comes in by the right token and a name, and not after ten wrong ones', async () => {
    const url = await serve(byToken);
    const browser = new Browser(url);
    expect(await browser.post('/sign-in', { name: '', token: TOKEN, to: '/' })).toMatchObject({ status: 403 });
    for (let n = 0; n < 10; n++)
      expect(await browser.post('/sign-in', { name: 'eve', token: `wrong-${n}`, to: '/' })).toMatchObject({
        status: 403,
        text: expect.stringContaining('That is not the token'),
      });
    expect(await browser.post('/sign-in', { name: 'eve', token: TOKEN, to: '/' })).toMatchObject({
      status: 403,
      text: expect.stringContaining('too many wrong tokens'),
    });
  });

  test('is not let in by a session that somebody has changed, or that another token has signed', async () => {
    const [one, other] = [await serve(byToken), await serve({ SYNCLINE_UI_TOKEN: 'another-token-of-it' })];
    const answer = await fetch(`${one}/sign-in`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams({ name: 'ann', token: TOKEN, to: '/' }),
    });
    const [cookie = ''] = (answer.headers.get('set-cookie') ?? '').split(';');
    expect(answer.headers.get('set-cookie')).toMatch(/; Path=\/; HttpOnly; SameSite=Lax; Max-Age=43200$/);
    const [name = '', value = ''] = cookie.split('=');
    const [payload = '', signature = ''] = value.split('.');
    const eve = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('ann', 'eve')).toString('base64url');
    const seen = async (url: string, text: string): Promise<boolean> =>
      (await (await fetch(`${url}/partners/p2`, { headers: { cookie: `${name}=${text}` } })).text()).includes(
        'Signed in as',
      );
    expect(await seen(one, value)).toBe(true);
    expect([await seen(one, `${eve}.${signature}`), await seen(one, payload), await seen(other, value)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('who has signed in', () => {
  test('pauses and resumes a partner with a reason, and it is written down, also while Temporal is away', async () => {
    const browser = await signedIn(await serve(byToken));
    const form = await formOn(browser, '/partners/p2');
    const paused = await browser.post('/actions/pause', { target: 'p2', reason: 'their <b>release</b>', form });
    expect(paused).toMatchObject({ status: 303, location: expect.stringMatching(/^\/actions\/\d+$/) });
    expect(await readPauses(used.pool, 'p2')).toMatchObject([
      { scope: 'partner', target: 'p2', by: 'ann', reason: 'their <b>release</b>' },
    ]);
    const { text } = await browser.get(paused.location);
    expect(text).toContain('Temporal could not be reached (it is away)');
    expect(text).toContain('their &lt;b&gt;release&lt;/b&gt;');
    await browser.post('/actions/resume', { target: 'p2', reason: 'over', form });
    expect(await readPauses(used.pool, 'p2')).toEqual([]);
    expect(await readDeeds(used.pool, { limit: 2 })).toMatchObject([
      {
        action: 'resume',
        by: 'ann',
        how: 'token',
        partner: 'p2',
        target: 'p2',
        reason: 'over',
        result: { failed: false },
      },
      { action: 'pause', by: 'ann', how: 'token', partner: 'p2', target: 'p2', result: { failed: false } },
    ]);
    expect((await browser.get('/actions')).text).toContain('by token');
  });

  test.each([
    ['of another site', {}, { 'sec-fetch-site': 'cross-site' }, 403],
    ['of another origin', {}, { origin: 'https://evil.example' }, 403],
    ['of a sister site', {}, { 'sec-fetch-site': 'same-site' }, 403],
    ['without what stands in our forms', { form: '' }, { 'sec-fetch-site': 'same-origin' }, 403],
    ['without a reason', { reason: ' ' }, { 'sec-fetch-site': 'same-origin' }, 400],
    ['for a partner that is not there', { target: 'nobody' }, { 'sec-fetch-site': 'same-origin' }, 400],
    ['for a run that has ended', { target: 'sync/p2/2026-11-24' }, { 'sec-fetch-site': 'same-origin' }, 400],
  ])('a form %s does nothing and is not written down', async (_, fields, headers, status) => {
    const browser = await signedIn(await serve(byToken));
    const form = await formOn(browser, '/partners/p2');
    const before = (await readDeeds(used.pool, { limit: 100 })).length;
    const asked = { target: 'p2', reason: 'why', form, ...fields };
    expect(await browser.post('/actions/pause', asked, headers)).toMatchObject({ status });
    expect(await readPauses(used.pool, 'p2')).toEqual([]);
    expect(await readDeeds(used.pool, { limit: 100 })).toHaveLength(before);
  });

  test('the form of somebody else does nothing', async () => {
    const url = await serve(byToken);
    const [ann, eve] = [await signedIn(url), await signedIn(url, 'eve')];
    const form = await formOn(eve, '/partners/p2');
    expect(await ann.post('/actions/pause', { target: 'p2', reason: 'why', form })).toMatchObject({ status: 403 });
  });

  test('signs out, and the forms from before do nothing', async () => {
    const browser = await signedIn(await serve(byToken));
    const form = await formOn(browser, '/partners/p2');
    await browser.post('/sign-out', { form });
    expect(await browser.post('/actions/pause', { target: 'p2', reason: 'why', form })).toMatchObject({ status: 401 });
  });

  test('has a stream read again: a workflow begins', async () => {
    const browser = await signedIn(await serve(byToken, { client }));
    const run = 'sync/p2/2026-11-24';
    const form = await formOn(browser, `/runs/${run}`);
    expect(await browser.post('/actions/retry', { target: run, stream: 'none', reason: 'why', form })).toMatchObject({
      status: 400,
    });
    expect(await browser.post('/actions/retry', { target: run, stream: 's1', reason: 'mended', form })).toMatchObject({
      status: 303,
    });
    const begun = await client.workflow.getHandle(`${run}/retry:s1`).describe();
    expect([begun.type, begun.status.name]).toEqual(['retryStream', 'RUNNING']);
  });

  test('approves deletes that are held; a second answer is refused and written down as that', async () => {
    const { rows } = await used.pool.query<{ approval_id: number }>(
      `insert into approvals (stream_id, run_no, sync_id, kind, gone, of, examples, last_page, until)
        select s.stream_id, s.last_run, 'sync/p1/s1/2026-11-24', 'sweep', 30, 100, '{k1}', s.last_page, now() + interval '1 hour'
          from streams s where partner = 'p1' and name = 's1' returning approval_id`,
    );
    const id = rows[0]?.approval_id ?? 0;
    const browser = await signedIn(await serve(byToken, { client }));
    expect((await browser.get('/')).text).toContain('Deletes are held until a person has looked at them');
    const form = await formOn(browser, '/partners/p1/s1');
    const approved = await browser.post('/actions/approve', { target: String(id), reason: 'they left', form });
    // Nobody says that a run was told which is not there.
    expect((await browser.get(approved.location)).text).toContain('The run does not go on now');
    expect(await readApproval(used.pool, id)).toMatchObject({
      state: 'approved',
      decidedBy: 'ann',
      reason: 'they left',
    });
    const run = await waits('sync/p1/s1/2026-11-24');
    const second = await browser.post('/actions/reject', { target: String(id), reason: 'no', form });
    expect((await browser.get(second.location)).text).toContain('was approved by ann');
    expect(await readDeeds(used.pool, { limit: 1 })).toMatchObject([{ action: 'reject', result: { failed: true } }]);
    // What is refused may be one that the run has to put anew.
    expect(await wasTold(run)).toBe(true);
  });

  test('wakes a stream that came to stand still just before the pause ended', async () => {
    const syncId = 'sync/p3/s1/2026-11-30';
    await used.pool.query(
      `insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, checkpoint, deferred_until, deferred_kind, deferred_cause_until)
        select stream_id, 1000, $1, '2026-11-30', 'manual', 'normal', 'v', 'running', '{}', $2, 'limit', $2 from streams where partner = 'p3' and name = 's1'`,
      [syncId, new Date(Date.now() + HOUR)],
    );
    const run = await waits(syncId);
    const browser = await signedIn(await serve(byToken, { client }));
    const form = await formOn(browser, '/partners/p3');
    await browser.post('/actions/pause', { target: 'p3', reason: 'their release', form });
    const locker = await used.pool.connect();
    await locker.query('begin; lock table pauses in exclusive mode');
    const resumed = browser.post('/actions/resume', { target: 'p3', reason: 'over', form });
    await eventually(
      async () =>
        (
          await used.pool.query(
            'select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())',
          )
        ).rowCount !== 0,
    );
    await used.pool.query(`update stream_runs set deferred_kind = 'paused' where sync_id = $1`, [syncId]);
    await locker.query('commit');
    locker.release();
    expect((await browser.get((await resumed).location)).text).toContain('Runs were told.');
    expect(await wasTold(run)).toBe(true);
    await used.pool.query('delete from stream_runs where sync_id = $1', [syncId]);
  });
});

test('an alert is silenced for a time, with a reason, and no longer than a month', async () => {
  const browser = await signedIn(await serve(byToken));
  const form = await formOn(browser, '/alerts');
  const [alert] = await listAlerts(used.pool, { open: true });
  const asked = { target: String(alert?.id), reason: 'known', form };
  expect(await browser.post('/actions/silence', { ...asked, for: '400d' })).toMatchObject({ status: 400 });
  expect(await browser.post('/actions/silence', { ...asked, for: '4h', target: '4711' })).toMatchObject({
    status: 400,
  });
  expect(await browser.post('/actions/silence', { ...asked, for: '4h' })).toMatchObject({ status: 303 });
  expect(await listAlerts(used.pool, { open: true })).toMatchObject([{ silenced: { by: 'ann', reason: 'known' } }]);
  expect((await browser.get('/alerts')).text).toContain('Silenced by ann until');
  const [silenced] = await listAlerts(used.pool, { open: true });
  const end = { target: String(silenced?.silenced?.id), reason: 'over', form };
  expect(await browser.post('/actions/unsilence', { ...end, target: '4711' })).toMatchObject({ status: 400 });
  expect(await browser.post('/actions/unsilence', end)).toMatchObject({ status: 303 });
  expect(await listAlerts(used.pool, { open: true })).toMatchObject([{ silenced: null }]);
});

test('a proxy in front says who asks, and nobody else is believed', async () => {
  const header = { 'x-forwarded-user': 'bob@example.com' };
  const env = { SYNCLINE_UI_USER_HEADER: 'X-Forwarded-User' };
  const believed = new Browser(await serve({ ...env, SYNCLINE_UI_PROXIES: '127.0.0.0/8' }));
  const { text } = await believed.get('/partners/p3', header);
  expect(text).toContain('Signed in as bob@example.com');
  const form = /name="form" value="([^"]+)"/.exec(text)?.[1] ?? '';
  const asked = { target: 'p3', reason: 'why', form };
  expect(await believed.post('/actions/pause', asked, { ...header, 'x-forwarded-user': 'eve' })).toMatchObject({
    status: 403,
  });
  expect(await believed.post('/actions/pause', asked, header)).toMatchObject({ status: 303 });
  expect(await readDeeds(used.pool, { limit: 1 })).toMatchObject([{ by: 'bob@example.com', how: 'proxy' }]);
  const others = new Browser(await serve({ ...env, SYNCLINE_UI_PROXIES: '10.0.0.1' }));
  expect((await others.get('/partners/p3', header)).text).not.toContain('Signed in');
});

test('after signing in one comes to a page of ours only', () => {
  expect(['/partners/p1?q=1', '/runs/sync/acme/2026-11-24@Europe/Berlin'].map(ownPath)).toEqual([
    '/partners/p1?q=1',
    '/runs/sync/acme/2026-11-24@Europe/Berlin',
  ]);
  expect(['', '//evil.example', '/\\evil.example', 'https://evil.example', '/a b', '/\n'].map(ownPath)).toEqual(
    Array(6).fill('/'),
  );
});

test('of a provider only those come in who are named, by address or by domain', () => {
  const allowed = ['ann@example.com', '@ops.example'];
  expect(['Ann@Example.com', 'bob@ops.example'].map((email) => isAllowed(email, allowed))).toEqual([true, true]);
  expect(
    ['bob@example.com', 'x@ops.example.evil', '@ops.example@evil'].map((email) => isAllowed(email, allowed)),
  ).toEqual([false, false, false]);
});
