import { mkdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';
import { processConfig } from '../config/env.ts';
import { GiveUp } from '../core/errors.ts';
import { findOnPath } from '../services/find-on-path.ts';
import { eventually } from '../test/support/eventually.ts';
import { openScreenshotScene, USER_HEADER, type ScreenshotScene } from './screenshot-scene.ts';

/**
 * `screenshots [FOLDER [NAME…]]`: the pictures of docs/inspect.md and docs/status-page.md, from real runs in the real UI and the real page. Look at each before it is
 * committed: they show what is, also when that is poor.
 */
const [, , folder = 'docs/images', ...only] = process.argv;

interface Shot {
  /** Of the UI, below the namespace; of the status page with `of`. */
  readonly path: string;
  readonly of?: 'light' | 'dark';
  /** Who looks at the status page; absent: nobody who has signed in. */
  readonly by?: string;
  /** A tab of a workflow's page. */
  readonly tab?: string;
  /** Texts that are there when the page shows what it should. */
  readonly ready: readonly string[];
  /** The picture begins above this text; at the top of the page when absent. */
  readonly from?: string;
  readonly height: number;
}

/** The side bar is left out: what remains is 1280 px wide. */
const SIDE = 256;
const WIDTH = 1280;
const TOP = 48;
/** What a reader waits for. */
const LARGEST = 150_000;
const ATTEMPTS = 3;

const workflow = (id: string): string => `workflows/${encodeURIComponent(id)}`;

const shotsOf = ({ day }: ScreenshotScene): Readonly<Record<string, Shot>> => ({
  'workflow-list': {
    path: `workflows?query=${encodeURIComponent('ParentWorkflowId is null')}`,
    ready: ['SyncOutcome', 'scheduled/demo/nightly', 'partial'],
    height: 700,
  },
  'run-details': {
    path: workflow(`sync/acme/${day}`),
    tab: 'user-metadata',
    ready: ['acme customers page 3', 'partial'],
    height: 600,
  },
  'run-timeline': {
    path: workflow(`sync/acme/${day}`),
    tab: 'timeline',
    ready: [`acme customers ${day}`, `acme events ${day}`],
    from: 'Hide idle time',
    height: 420,
  },
  'stream-waits': {
    path: workflow(`sync/umbrella/events/${day}`),
    tab: 'timeline',
    ready: ['answered 429'],
    from: 'Hide idle time',
    height: 290,
  },
  'pending-activity': {
    path: workflow(`sync/globex/payments/${day}`),
    tab: 'pending-activities',
    ready: ['Heartbeat Details', 'answered 502', '"rows"'],
    height: 1060,
  },
  backfill: {
    path: workflow('backfill/globex/payments/2026-01-01..2026-03-31/1d'),
    tab: 'user-metadata',
    ready: ['windows', 'Left:'],
    height: 630,
  },
  governor: {
    path: workflow('governor/initech'),
    tab: 'user-metadata',
    ready: ['Queue paused', 'daily'],
    height: 620,
  },
  'status-page': { path: '/', of: 'light', ready: ['Late or wrong', 'acme'], height: 700 },
  'status-page-stream': { path: '/partners/demo/customers', of: 'dark', ready: ['Rows per run'], height: 760 },
  'status-page-run': {
    path: `/runs/sync/acme/${day}`,
    of: 'light',
    ready: ['Where every record went', '403'],
    height: 900,
  },
  'status-page-waits': {
    path: `/runs/sync/acme/${day}`,
    of: 'dark',
    ready: ['What it waited for', 'the declared rate'],
    from: 'How it went on',
    height: 860,
  },
  'status-page-partner': { path: '/partners/initech', of: 'light', ready: ['daily'], height: 760 },
  'status-page-plan': {
    path: '/duplicates/1?decision=none',
    of: 'light',
    by: 'ann',
    ready: ['Pair 1', 'a nickname'],
    from: 'The weakest pair of each cluster',
    height: 800,
  },
  schedule: {
    path: `schedules/${encodeURIComponent('schedule/demo/nightly')}`,
    ready: ['Catchup Window', 'scheduled/demo/nightly', '"timeZone"'],
    height: 856,
  },
});

async function browserPath(): Promise<string> {
  const { pathEnv } = processConfig();
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    for (const file of await findOnPath(name, pathEnv)) return file;
  throw new GiveUp('there is no Chromium on the PATH: install it (apt-get install chromium, brew install chromium)');
}

async function open(page: Page, { uiUrl, pageUrl }: ScreenshotScene, shot: Shot): Promise<void> {
  const { path, tab, ready, of, by } = shot;
  if (of !== undefined) {
    if (by !== undefined) await page.setExtraHTTPHeaders({ [USER_HEADER]: by });
    await page.setViewportSize({ width: WIDTH, height: shot.height });
    await page.emulateMedia({ colorScheme: of });
    await page.goto(`${pageUrl}${path}`);
    for (const text of ready) await page.getByText(text).first().waitFor();
    return;
  }
  await page.goto(`${uiUrl}/namespaces/default/${path}`);
  if (tab !== undefined) {
    // The UI adds the id of the run and the tab by itself.
    await page.waitForURL('**/timeline');
    if (tab !== 'timeline') await page.goto(page.url().replace(/timeline$/, tab));
  }
  // A busy worker may answer the UI too late, which asks once.
  for (let attempt = 1; !(await eventually(() => showsAll(page, ready))); attempt += 1) {
    if (attempt < ATTEMPTS) await page.reload();
    else await refuse(page, path, ready);
  }
  // Timelines and tables still move a little.
  await page.waitForTimeout(1500);
}

async function refuse(page: Page, path: string, ready: readonly string[]): Promise<never> {
  const file = join(tmpdir(), `syncline-screenshot-${process.pid}.png`);
  await page.screenshot({ path: file });
  throw new GiveUp(`${path} does not show all of ${JSON.stringify(ready)}; what it shows is in ${file}`);
}

async function showsAll(page: Page, ready: readonly string[]): Promise<boolean> {
  for (const text of ready) if (!(await shows(page, text))) return false;
  return true;
}

/** The UI renders details in frames of their own, and puts in new ones now and then. */
async function shows(page: Page, text: string): Promise<boolean> {
  for (const frame of page.frames()) {
    const seen = frame.getByText(text).filter({ visible: true }).first();
    if (await seen.isVisible().catch(() => false)) return true;
  }
  return false;
}

async function take(page: Page, name: string, { from, height, of }: Shot): Promise<void> {
  const start = from === undefined ? undefined : await page.getByText(from).first().boundingBox();
  const file = join(folder, `${name}.png`);
  const y = start === undefined || start === null ? TOP : Math.round(start.y) - (of === undefined ? 24 : 8);
  const clip =
    of === undefined
      ? { x: SIDE, y, width: WIDTH, height }
      : { x: 0, y: from === undefined ? 0 : y, width: WIDTH, height };
  await page.screenshot({ path: file, clip, fullPage: of !== undefined && from !== undefined });
  const { size } = await stat(file);
  console.log(`${file}: ${Math.round(size / 1000)} kB`);
  if (size > LARGEST) throw new GiveUp(`${file} has ${size} bytes: show less of the page (${LARGEST} at the most)`);
}

const executablePath = await browserPath();
await mkdir(folder, { recursive: true });
const scene = await openScreenshotScene();
// Chromium does not sandbox itself as root, and it opens nothing but our own pages.
const browser = await chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
try {
  const context = await browser.newContext({
    viewport: { width: SIDE + WIDTH, height: 1400 },
    colorScheme: 'light',
    locale: 'en-US',
    timezoneId: 'UTC',
  });
  const columns = ['Status', 'Workflow ID', 'SyncKind', 'SyncOutcome', 'Start'];
  const chosen = JSON.stringify({ default: columns.map((label) => ({ label, pinned: false })) });
  await context.addInitScript(`localStorage.setItem('namespace-workflow-table-columns', ${JSON.stringify(chosen)})`);
  for (const [name, shot] of Object.entries(shotsOf(scene)).filter(
    ([name]) => only.length === 0 || only.includes(name),
  )) {
    const page = await context.newPage();
    await open(page, scene, shot);
    await take(page, name, shot);
    await page.close();
  }
} finally {
  await browser.close();
  await scene.close();
}
