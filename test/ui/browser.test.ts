import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { readPauses } from '../../store/pauses.ts';
import type { UiServer } from '../../ui/server.ts';
import { long } from '../support/long.ts';
import { axeFinds, chromiumPath, startChromium } from '../support/chromium.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';
import { pastOfUi, planPages } from './past-of-ui.ts';
import { serveUi } from './serve-ui.ts';

const executablePath = await chromiumPath();
const TOKEN = 'a-token-of-the-test';
const used = usePool();
let folder: TemporaryFolder;
let ui: UiServer;
let browser: Browser;
/** What the browser complained of: a broken Content-Security-Policy, a file that is not there. */
const complaints: string[] = [];

/** Of each kind one; the long form looks at all. */
const [, plan = '', , reconciliation = ''] = planPages;
const few = ['/', '/partners/p2/s2', '/runs/sync/p2/2026-11-24', '/alerts', plan, reconciliation];
const others = [
  '/duplicates',
  '/reconciliations',
  '/streams',
  '/partners/p2',
  '/limits',
  '/callers',
  '/webhooks',
  '/janitor',
  '/runs',
  '/actions',
  '/sign-in',
];

async function open(path: string, options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
  await page.goto(`${ui.url}${path}`);
  return page;
}

async function signIn(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('Your name').fill('ann');
  await page.getByLabel('Token').fill(TOKEN);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Signed in as ann').waitFor();
}

/** Said once, with how to have it: a machine without a browser still runs the rest. */
const inChromium = executablePath === undefined ? describe.skip : describe;
test('there is a Chromium, or the tests in a browser are left out: set CHROMIUM, or install it (apt-get install chromium)', () => {
  expect(['string', 'undefined']).toContain(typeof executablePath);
});

inChromium('in a real browser', () => {
  beforeAll(async () => {
    [folder, browser] = await Promise.all([temporaryFolder(), startChromium(executablePath ?? '')]);
    await pastOfUi(used.pool, folder.path);
    ui = await serveUi({ pool: used.pool, partnersDir: folder.path, env: { SYNCLINE_UI_TOKEN: TOKEN } });
  });
  afterAll(async () => {
    await browser?.close();
    await ui?.close();
    await folder?.remove();
  });

  test('axe finds nothing on any page, and no text without contrast in the dark', async () => {
    const page = await open('/', { bypassCSP: true });
    await signIn(page);
    const found: Record<string, readonly string[]> = {};
    const paths = [...few, ...(long ? others : [])];
    for (const path of paths) {
      await page.goto(`${ui.url}${path}`);
      found[path] = await axeFinds(page);
      await page.emulateMedia({ colorScheme: 'dark' });
      found[`${path}, dark`] = await axeFinds(page, ['color-contrast']);
      await page.emulateMedia({ colorScheme: 'light' });
    }
    await page.close();
    expect(found).toEqual(Object.fromEntries(Object.keys(found).map((path) => [path, []])));
  });

  test('the page is used by keyboard alone: to the content, through a table, to a run', async () => {
    const page = await open('/');
    const focused = (): Promise<string> =>
      page.evaluate(
        () =>
          (globalThis as unknown as { document: { activeElement: { textContent: string } } }).document.activeElement
            .textContent,
      );
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('To the content');
    await page.keyboard.press('Enter');
    await page.getByRole('region', { name: 'Late or wrong, the worst first' }).focus();
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('broken');
    await page.getByRole('link', { name: 'run', exact: true }).first().press('Enter');
    await page.waitForURL(/\/runs\/sync\//);
    await page.close();
  });

  test('a page that is open shows what happens, and leaves a form alone that somebody fills in', async () => {
    const page = await open('/partners/p3');
    await signIn(page);
    await page.goto(`${ui.url}/partners/p3`);
    await page.getByText('Live.').waitFor();
    await page.getByLabel('Reason').fill('half a rea');
    await used.pool.query(
      `insert into pauses (scope, target, partner, reason, paused_by) values ('run', 'sync/p3/x', 'p3', 'seen live', 'bob')`,
    );
    // The page has heard of it once a second browser shows it.
    const other = await open('/partners/p3');
    await other.getByText('seen live').first().waitFor();
    expect(await page.getByLabel('Reason').inputValue()).toBe('half a rea');
    await page.getByLabel('Reason').fill('');
    await page.getByLabel('Reason').blur();
    await page.getByText('seen live').first().waitFor({ timeout: 10_000 });
    await Promise.all([page.close(), other.close()]);
  });

  test('without a script all is there, and a partner is paused by a form', async () => {
    const page = await open('/partners/p2', { javaScriptEnabled: false });
    await signIn(page);
    await page.goto(`${ui.url}/partners/p2`);
    await page.getByLabel('Reason').fill('no script');
    await page.getByRole('button', { name: 'Pause all of this partner' }).click();
    await page.getByText('Now paused by ann').waitFor();
    expect(await readPauses(used.pool, 'p2')).toMatchObject([{ by: 'ann', reason: 'no script' }]);
    await page.close();
  });

  test('without a script pairs are found by a form and decided, and an apply is asked about first', async () => {
    const page = await open(plan, { javaScriptEnabled: false });
    await signIn(page);
    await page.goto(`${ui.url}${plan}`);
    await page.getByRole('search').getByLabel('Rule').selectOption('same-email');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('10 pairs fit').waitFor();
    const pair = page.getByRole('article', { name: 'Pair 5', exact: true });
    await pair.getByLabel('Reason').fill('the same house');
    await pair.getByRole('button', { name: 'Approve' }).click();
    await page.getByText('1 pairs were approved').waitFor();
    const forms = page.getByRole('region', { name: 'Do something' });
    await forms.getByLabel('Reason').fill('ticket 4711');
    await forms.getByRole('button', { name: 'Apply what is approved' }).click();
    await page.getByRole('heading', { name: 'Apply plan 1 of people?' }).waitFor();
    await page.getByRole('link', { name: 'Leave it as it is' }).click();
    await page.getByText('to apply').or(page.getByText('to decide')).first().waitFor();
    const { rows } = await used.pool.query(
      `select by, action from ui_audit where action like '%-p%' order by audit_id`,
    );
    expect(rows).toEqual([{ by: 'ann', action: 'approve-pairs' }]);
    await page.close();
  });

  test('the browser complained of nothing', () => {
    expect(complaints).toEqual([]);
  });
});
