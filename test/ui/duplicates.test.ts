import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { parseHTML } from 'linkedom';
import { RECONCILIATION } from '../../bench/plan-past.ts';
import { beginChange, changePiece, listChanges } from '../../store/duplicates/changes.ts';
import { readPairs } from '../../store/duplicates/pairs.ts';
import { readPlan } from '../../store/duplicates/plans.ts';
import { readDeeds } from '../../store/ui-audit.ts';
import type { UiServer } from '../../ui/server.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { testTemporal, type TestTemporal } from '../support/temporal.ts';
import { usePool } from '../support/use-pool.ts';
import { CANARY, HOSTILE, pastOfUi } from './past-of-ui.ts';
import { Browser, serveUi, type Seen } from './serve-ui.ts';

const p1 = {
  name: 'p1',
  baseUrl: '${BASE_URL}',
  auth: { type: 'bearer', token: '${TOKEN_OF_P1}' },
  streams: {
    s1: { path: '/s1', primaryKey: ['id'], schema: { type: 'object', properties: { id: { type: 'string' } } } },
  },
};
const TOKEN = 'a-token-of-the-test';
const used = usePool();
let folder: TemporaryFolder;
let temporal: TestTemporal;
let client: Client;
let ui: UiServer;
let ann: Browser;
/** What stands in her forms. */
let form: string;
const logged: object[] = [];

beforeAll(async () => {
  [folder, temporal] = await Promise.all([temporaryFolder(), testTemporal()]);
  client = new Client({ connection: temporal.connection, namespace: await freshNamespace() });
  await pastOfUi(used.pool, folder.path);
  // Repairs look at the whole definition, not at what pages show of it; the variables of its workers are not there.
  await writeFile(join(folder.path, 'p1.yaml'), JSON.stringify(p1));
  const env = { SYNCLINE_UI_TOKEN: TOKEN };
  ui = await serveUi({ pool: used.pool, partnersDir: folder.path, env, client, logged });
  ann = new Browser(ui.url);
  await ann.post('/sign-in', { name: 'ann', token: TOKEN, to: '/' });
  form = /name="form" value="([^"]+)"/.exec((await ann.get('/duplicates/1')).text)?.[1] ?? '';
});
afterAll(async () => {
  await ui?.close();
  await temporal?.close();
  await folder?.remove();
});

const act = (action: string, fields: Readonly<Record<string, string>>): Promise<Seen> =>
  ann.post(`/actions/${action}`, { reason: 'a test', form, ...fields });
const mainOf = ({ text }: Seen): string =>
  (parseHTML(text).document.querySelector('main')?.textContent ?? '').replaceAll(/\s+/g, ' ');
const pairsOn = ({ text }: Seen): readonly string[] =>
  [...parseHTML(text).document.querySelectorAll('article.pair')].map((pair) => pair.id);
const keys = ({ text }: Seen): readonly string[] =>
  [...parseHTML(text).document.querySelectorAll('#findings tbody th')].map((key) => key.textContent ?? '');
const deedsDone = async (): Promise<number> => (await readDeeds(used.pool, { limit: 1000 })).length;
const plan = (): ReturnType<typeof readPlan> => readPlan(used.pool, 1);

describe('the pairs of a plan', () => {
  test('stand side by side with what both rows say and what each field says of them; the weakest of a cluster first', async () => {
    const { document } = parseHTML((await ann.get('/duplicates/1')).text);
    const [first] = document.querySelectorAll('article.pair');
    const rows = [...(first?.querySelectorAll('tbody tr') ?? [])].map((row) =>
      [...row.querySelectorAll('th, td')].map((cell) => (cell.textContent ?? '').replaceAll(/\s+/g, ' ').trim()),
    );
    expect(rows).toEqual([
      [
        ...['born', '1980-01-02', '1980-01-02', 'not alike'],
        'speaks against it: 5.7 times as rare among duplicates (-2.5 bits)',
      ],
      [
        ...['email', 'jo1@example.com', 'jo1@example.com', 'the same'],
        'speaks for it: 2,400 times as frequent among duplicates (11.2 bits)',
      ],
      [
        'given',
        HOSTILE,
        'Jo',
        'one is the initial of the other',
        expect.stringMatching(/8\.6 times .* \(3\.1 bits\)$/),
      ],
      ['phone', '–', '–', 'one has no value', ''],
      ['family', `${CANARY}1`, `${CANARY}1`, 'similar to 92 % or more', expect.stringContaining('170 times')],
    ]);
    expect(pairsOn(await ann.get('/duplicates/1?cluster=1'))).toEqual(['pair-2', 'pair-1']);
  });

  test('come in pages, and by rule, proposal, decision and cluster; what no filter can be is told', async () => {
    const seen: string[] = [];
    for (let path = '/duplicates/1'; path !== '';) {
      const page = await ann.get(path);
      expect(mainOf(page)).toContain('50 pairs fit, 20 on a page');
      seen.push(...pairsOn(page));
      path = /<a href="([^"]+)">Next page<\/a>/.exec(page.text)?.[1] ?? '';
    }
    expect([seen.length, new Set(seen).size]).toEqual([50, 50]);
    expect(pairsOn(await ann.get('/duplicates/1?found=review'))).toHaveLength(5);
    expect(pairsOn(await ann.get('/duplicates/1?rule=same-email&decision=none&found='))).toHaveLength(10);
    expect(pairsOn(await ann.get('/duplicates/1?decision=no'))).toEqual([]);
    for (const query of ['cluster=x', 'found=all', 'decision=maybe', 'after=-1'])
      expect(await ann.get(`/duplicates/1?${query}`)).toMatchObject({ status: 400 });
  });

  test('a row that is gone is told', async () => {
    await used.pool.query(`delete from p1.s1 where id = 'k76'`);
    expect(mainOf(await ann.get('/duplicates/1?cluster=25'))).toContain('the row is gone');
  });
});

describe('decisions', () => {
  test('are made for a pair, a cluster, a rule or all from the threshold on, written down, and lead back', async () => {
    const back = '/duplicates/1?decision=none';
    const one = await act('reject-pairs', { target: '1', pair: '1', reason: 'father and son', back });
    expect(one).toMatchObject({
      status: 303,
      location: expect.stringMatching(/^\/duplicates\/1\?decision=none&done=\d+$/),
    });
    const page = await ann.get(one.location);
    expect(mainOf(page)).toContain('done 1 pairs were rejected; 0 of plan 1 are approved, 49 are undecided.');
    expect(page.text).toContain('name="reason" value="father and son"');
    expect(await readPairs(used.pool, { plan: 1, filter: { decision: 'no' } })).toMatchObject([
      { pair: 1, decidedBy: 'ann', reason: 'father and son' },
    ]);
    expect(await readDeeds(used.pool, { limit: 1 })).toMatchObject([
      { action: 'reject-pairs', by: 'ann', how: 'token', target: 'people plan 1: pair 1', reason: 'father and son' },
    ]);
    await act('approve-pairs', { target: '1', cluster: '2' });
    await act('reject-pairs', { target: '1', rule: 'same-email' });
    await act('approve-pairs', { target: '1' });
    expect(await plan()).toMatchObject({ approved: 35, rejected: 11, undecided: 4 });
    // What was decided stays, unless it is decided again.
    await act('approve-pairs', { target: '1', pair: '1' });
    expect(await plan()).toMatchObject({ approved: 35 });
    await act('approve-pairs', { target: '1', pair: '1', again: 'yes' });
    expect(await plan()).toMatchObject({ approved: 36, rejected: 10 });
    expect(mainOf(await ann.get('/actions'))).toContain('people plan 1: rule same-email');
  });

  test.each([
    ['that reject nothing in particular', 'reject-pairs', { target: '1' }, 400],
    ['of a plan that is not there', 'approve-pairs', { target: '99' }, 400],
    ['of no plan', 'approve-pairs', { target: 'people' }, 400],
    ['by a filter that cannot be', 'approve-pairs', { target: '1', found: 'all' }, 400],
    ['without a reason', 'approve-pairs', { target: '1', reason: ' ' }, 400],
    ['by a form of another site', 'approve-pairs', { target: '1', form: 'x' }, 403],
    ['that undo what is not in force', 'undo-plan', { target: '1', confirmed: 'yes' }, 400],
    ['that repair nothing', 'repair', { target: RECONCILIATION, confirmed: 'yes' }, 400],
    ['that repair what nobody has looked at', 'repair', { target: 'none', 'kind-stale': 'yes' }, 400],
  ])('%s do nothing and are not written down', async (_, action, fields, status) => {
    const before = [await deedsDone(), await plan()];
    expect(await act(action, fields)).toMatchObject({ status });
    expect([await deedsDone(), await plan()]).toEqual(before);
  });

  test('are for people who have signed in; to others neither pairs nor keys are shown', async () => {
    const eve = new Browser(ui.url);
    for (const action of ['approve-pairs', 'apply-plan', 'undo-plan', 'repair'])
      expect(
        await eve.post(`/actions/${action}`, { target: '1', reason: 'why', form, confirmed: 'yes' }),
      ).toMatchObject({
        status: 401,
      });
    for (const path of ['/duplicates/1?cluster=1', `/reconciliations/${RECONCILIATION}?kind=extra`])
      expect((await eve.get(path)).text).not.toContain(CANARY);
    expect((await ann.get(`/reconciliations/${RECONCILIATION}?kind=extra`)).text).toContain(CANARY);
  });
});

describe('apply and undo', () => {
  test('ask once more, and nothing has happened until that is answered; then a workflow has begun', async () => {
    const before = await deedsDone();
    const asked = await act('apply-plan', { target: '1', reason: 'ticket <4711>' });
    expect([asked.status, mainOf(asked)]).toEqual([200, expect.stringContaining('36 pairs come in force.')]);
    const fields = Object.fromEntries(
      [...parseHTML(asked.text).document.querySelectorAll('main input')].map((input) => [
        input.getAttribute('name') ?? '',
        input.getAttribute('value') ?? '',
      ]),
    );
    expect([await deedsDone(), fields['confirmed'], fields['reason']]).toEqual([before, 'yes', 'ticket <4711>']);

    const begun = await act('apply-plan', fields);
    expect(mainOf(await ann.get(begun.location))).toContain('done Plan 1 is being applied.');
    const workflow = await client.workflow.getHandle('duplicates/people/plan/1').describe();
    expect([workflow.type, workflow.status.name]).toEqual(['changeDuplicates', 'RUNNING']);
    const second = await act('apply-plan', fields);
    expect(mainOf(await ann.get(second.location))).toContain('failed plan 1 is being applied or undone now');
    expect(await readDeeds(used.pool, { limit: 2 })).toMatchObject([
      { action: 'apply-plan', reason: 'ticket <4711>', result: { failed: true } },
      { action: 'apply-plan', target: 'people plan 1: all', result: { failed: false } },
    ]);
  });

  test('show how far they are, and what an undo would take back', async () => {
    const change = await beginChange(used.pool, {
      plan: 1,
      action: 'apply',
      scope: {},
      by: 'ann',
      reason: 'ticket 4711',
    });
    await changePiece(used.pool, change);
    expect(mainOf(await ann.get('/duplicates/1'))).toContain(
      'is being applied by ann: up to cluster 25 of 25, 36 pairs so far.',
    );
    while (await changePiece(used.pool, change)) continue;
    expect((await listChanges(used.pool, { plan: 1 }))[0]).toMatchObject({ links: 36 });
    const page = mainOf(await ann.get('/duplicates/1?pair=1'));
    expect(page).not.toContain('is being applied by');
    expect(page).toContain('Undo this pair');
    for (const [scope, n] of [
      [{}, 36],
      [{ rule: 'score' }, 36],
      [{ pair: '1' }, 1],
      [{ cluster: '2' }, 2],
    ] as const)
      expect(mainOf(await act('undo-plan', { target: '1', ...scope }))).toContain(`Undo ${n} pair`);
  });
});

describe('a reconciliation', () => {
  test('has its findings in pages, by kind and state', async () => {
    const path = `/reconciliations/${RECONCILIATION}`;
    const first = await ann.get(path);
    expect(mainOf(first)).toContain('120 findings, 100 on a page.');
    expect(first.text).toContain('href="/runs/sync/p1/s1/2026-11-24"');
    const all = [...keys(first), ...keys(await ann.get(`${path}?page=2`))];
    expect(new Set(all).size).toBe(120);
    expect(keys(await ann.get(`${path}?kind=extra&state=explained`))).toHaveLength(6);
  });

  test('is repaired after a second question; what only the store has is deleted only where it is chosen and declared', async () => {
    const extra = await act('repair', { target: RECONCILIATION, 'kind-extra': 'yes' });
    expect([extra.status, mainOf(extra)]).toEqual([400, expect.stringContaining('says nothing of deletes')]);
    const asked = await act('repair', { target: RECONCILIATION, 'kind-stale': 'yes' });
    expect(mainOf(asked)).toContain('84 findings are repaired (stale): the partner is read again');
    const begun = await act('repair', { target: RECONCILIATION, 'kind-stale': 'yes', confirmed: 'yes' });
    expect(mainOf(await ann.get(begun.location))).toContain(`Repair ${RECONCILIATION}/repair/stale has begun.`);
    const workflow = await client.workflow.getHandle(`${RECONCILIATION}/repair/stale`).describe();
    expect([workflow.type, workflow.status.name]).toEqual(['repairStream', 'RUNNING']);
    expect(await readDeeds(used.pool, { limit: 1 })).toMatchObject([
      { action: 'repair', partner: 'p1', target: `${RECONCILIATION}: stale`, result: { failed: false } },
    ]);
  });
});

test('the log says who did what, and nothing of a record', () => {
  expect(logged).toEqual(expect.arrayContaining([expect.objectContaining({ by: 'ann', action: 'repair' })]));
  expect(JSON.stringify(logged)).not.toContain(CANARY);
});
