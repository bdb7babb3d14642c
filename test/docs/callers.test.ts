import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Command } from 'commander';
import { addCallerCommands } from '../../cli/caller-commands.ts';
import type { Run } from '../../cli/command.ts';
import { whoami } from '../../cli/person.ts';
import { readConfig } from '../../config/config.ts';
import { callerTiers } from '../../core/caller.ts';
import { callerGate } from '../../ingest/caller-gate.ts';
import { Authenticator } from '../../ingest/callers/authenticate.ts';
import { refusals } from '../../ingest/callers/refusals.ts';
import { defaultMisuse } from '../../ingest/callers/misuse.ts';
import { CallerLimiter } from '../../ingest/callers/limiter.ts';
import { listTiers } from '../../store/callers/list-callers.ts';
import { misuseCauses } from '../../store/callers/misuse-causes.ts';
import { ownTime, setTime } from '../ingest/support/set-time.ts';
import { said } from '../support/said.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { ask, openIngestBench, ordersByPush, type Answered, type IngestBench } from '../support/use-ingest.ts';

const NOON_US = Date.UTC(2026, 10, 30, 12) * 1000;
const DOCUMENTED_KEY = '3b9d0f6a51c2e874';

const read = (name: string): string => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
const fences = (document: string, language: string): readonly string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);
const [callersPage, limitsPage] = [read('callers'), read('inbound-limits')];

let bench: IngestBench;
let folder: TemporaryFolder;
/** The key that was made last, and the id of the first one. */
let key = '';
let firstKeyId = '';
beforeAll(async () => {
  [bench, folder] = await Promise.all([openIngestBench({ payments: ordersByPush() }), temporaryFolder()]);
  await ownTime(bench.pool);
  await setTime(bench.pool, NOON_US);
});
afterAll(async () => {
  await bench.close();
  await folder.remove();
});

const plain = (text: string): readonly string[] =>
  text
    .replaceAll(/sl_[0-9a-f]{16}_[\w-]{43}/g, 'KEY')
    .replaceAll(/\b[0-9a-f]{16}\b/g, 'ID')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, 'TIME')
    .replaceAll(whoami(), 'ann')
    .split('\n')
    .filter((line) => line.trim() !== '' && !/^─|^CAUTION/.test(line))
    .map((line) => line.trim().replaceAll(/ {2,}/g, '  '));

/** Runs a command line as cli/main.ts does. */
async function syncline(line: string): Promise<string> {
  const args = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  const config = readConfig({
    DATABASE_URL: bench.database.url,
    SYNCLINE_PARTNERS_DIR: folder.path,
    SYNCLINE_HOME: folder.path,
  });
  let text = '';
  const run: Run = (work) => async (options) => {
    ({ text } = await said(config, options, work));
  };
  const program = new Command('syncline').exitOverride();
  addCallerCommands(program, run);
  await program.parseAsync(args.slice(1), { from: 'user' });
  return text;
}

/** What a command prints, and what the page shows of it. */
async function printed(
  block: string,
): Promise<{ readonly real: readonly string[]; readonly shown: readonly string[] }> {
  const [command = '', ...lines] = block.trim().split('\n');
  const text = await syncline(command.slice(2).replace(DOCUMENTED_KEY, firstKeyId));
  key = /sl_\S+/.exec(text)?.[0] ?? key;
  if (firstKeyId === '') firstKeyId = key.split('_')[1] ?? '';
  return { real: plain(text), shown: plain(lines.join('\n')) };
}

describe('docs/callers.md and docs/inbound-limits.md', () => {
  test.each(fences(callersPage, 'console'))('callers: %s', async (block) => {
    const { real, shown } = await printed(block);
    expect(real).toEqual(shown);
  });

  test('the page names every refusal and every cause of a block, with what is too much', () => {
    const { unknownKeys, callersOfSource, errors, refused } = defaultMisuse;
    const said = [
      ...[...refusals, ...misuseCauses].map((name) => `\`${name}\``),
      `${unknownKeys.most} a minute`,
      `${callersOfSource.most} in ${callersOfSource.perMs / 60_000} minutes`,
      `${errors.share * 100} % of the last ${errors.least} or more`,
      `${refused.most.toLocaleString('en-US')} a minute`,
      `the source, for ${unknownKeys.blockMs / 60_000} minutes`,
      `for ${callersOfSource.blockMs / 60_000} minutes`,
      `the caller, for ${refused.blockMs / 1000} seconds`,
    ];
    expect(said.filter((text) => !callersPage.includes(text))).toEqual([]);
    expect([unknownKeys.perMs, refused.perMs, errors.halfMs, errors.blockMs]).toEqual([60_000, 60_000, 60_000, 60_000]);
  });

  test('the table of tiers is what a new installation has', async () => {
    const shown = [...limitsPage.matchAll(/^\| `(critical|normal|bulk)` +\| (\S+) +\| (\S+) +\| (.+?) +\|/gm)].map(
      ([, tier, rate, burst, daily]) => ({
        tier,
        rate: Number(rate),
        burst: Number(burst),
        daily: daily === 'no quota' ? null : Number(daily?.replaceAll(',', '')),
      }),
    );
    expect(shown.map(({ tier }) => tier)).toEqual(callerTiers);
    expect(await listTiers(bench.pool)).toEqual(expect.arrayContaining(shown));
  });

  test.each(fences(limitsPage, 'console'))('inbound limits: %s', async (block) => {
    const { real, shown } = await printed(block);
    expect(real).toEqual(shown);
  });

  test('answers say what the page shows, at each limit and beyond it', async () => {
    await syncline('syncline callers limit shop --rate 2 --burst 4 --daily 10 --reason "as shown"');
    let nowMs = 0;
    const at = async (secs: number): Promise<void> => {
      nowMs = secs * 1000;
      await setTime(bench.pool, NOON_US + secs * 1e6);
    };
    const gate = callerGate({
      authenticator: new Authenticator(bench.pool),
      limiter: new CallerLimiter(bench.pool, { now: () => nowMs }),
    });
    const { url } = await bench.start({ gate });
    let sent = 0;
    const push = (): Promise<Answered> =>
      ask(`${url}/v1/acme/payments`, {
        method: 'POST',
        body: JSON.stringify({ id: `p${++sent}`, v: 1 }),
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      });
    const several = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) expect(await push()).toMatchObject({ status: 202 });
    };
    await at(0);
    const answers = [await push()];
    await several(3);
    answers.push(await push());
    await at(4);
    await several(3);
    await at(10);
    answers.push(await push());
    await several(2);
    answers.push(await push());

    const shown = fences(limitsPage, 'http');
    expect(answers).toHaveLength(shown.length);
    for (const [i, text] of shown.entries()) {
      const [head = '', body] = text.split('\n\n');
      const [status, ...lines] = head.trim().split('\n');
      const headers = lines.map((line) => [line.split(': ')[0] as string, line.split(': ')[1]] as const);
      const answer = answers[i] as Answered;
      expect(`HTTP/1.1 ${answer.status}`).toBe(status);
      expect(headers.map(([name]) => [name, answer.headers.get(name)])).toEqual(headers);
      expect(answer.body).toMatchObject(body === undefined ? {} : (JSON.parse(body) as object));
    }
    expect(answers.map(({ headers }) => headers.has('x-ratelimit-warning'))).toEqual([false, false, true, true]);
  });
});
