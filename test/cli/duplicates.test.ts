import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { keepApart } from '../../cli/commands/duplicates-decide.ts';
import { exportDuplicates } from '../../cli/commands/duplicates-export.ts';
import { joinDuplicates, planDuplicates } from '../../cli/commands/duplicates-find.ts';
import { scheduleApply, scheduleList } from '../../cli/commands/schedule.ts';
import { listDuplicates } from '../../cli/commands/duplicates.ts';
import { signalApproval } from '../../client/duplicates.ts';
import type { JoinSchedule } from '../../core/schedule.ts';
import type { ScheduledJoin } from '../../messages/scheduled-join.ts';
import { timesOf } from '../../scripts/recordings/slots.ts';
import { eventually } from '../support/eventually.ts';
import { withTemporal } from '../../cli/context.ts';
import { duplicateWorkers, type DuplicateWorkers } from '../duplicates/duplicate-workers.ts';
import type { OwnPartner, OwnPartners } from '../support/own-partner.ts';
import type { Said } from '../support/said.ts';
import { duplicateCommands, why } from './duplicate-commands.ts';
import { duplicatePeople, type DuplicatePeople, type Person } from './duplicate-people.ts';
import { Browser, serveUi, type Seen } from '../ui/serve-ui.ts';

let people: DuplicatePeople;
let [own, shop, workers] = [] as unknown as [OwnPartners, OwnPartner, DuplicateWorkers];
beforeAll(async () => {
  people = await duplicatePeople();
  ({ own, shop, workers } = people);
});
afterAll(() => people?.close());
const read = (of: readonly Person[]): Promise<void> => people.read(of);
const together = (): Promise<readonly string[]> => people.together();

const { run, plan, show, decided, change, drift, imported, slot } = duplicateCommands(() => workers.config);

describe('duplicates', () => {
  test('a plan is made, read, decided in a spreadsheet and applied', async () => {
    expect((await plan()).json).toMatchObject({ plan: 1, pairs: 3, merge: 2, review: 1, clusters: 2 });
    expect((await show('1')).text).toMatch(/same-name, probability .*proposed: review/);
    await expect(change('1', 'apply')).rejects.toThrow('nothing of plan 1 is approved');

    const file = join(own.folder, 'plan.csv');
    await run((context) => exportDuplicates({ ...context, plan: '1' }), { out: file });
    const lines = readFileSync(file, 'utf8').split('\n');
    // Spreadsheets would run it.
    expect(lines.join('\n')).toContain("'=cmd()");
    await expect(run((context) => exportDuplicates({ ...context, plan: '1' }), { out: file })).rejects.toThrow(
      '--out: cannot write',
    );
    const column = (lines[0] ?? '').split(',').indexOf('decision');
    const edited = (decision: string): string =>
      lines
        .map((line, at) => {
          const chosen = line.includes('same-email') ? decision : '';
          return at === 0 || line === '' ? line : line.split(',').with(column, chosen).join(',');
        })
        .join('\n');
    writeFileSync(file, edited('perhaps'));
    await expect(imported('1', file)).rejects.toThrow(
      /line \d: decision: expected merge, no or nothing, found "perhaps"/,
    );
    expect((await show('1')).json).toMatchObject({ approved: 0 });
    writeFileSync(file, edited('merge'));
    expect((await imported('1', file)).json).toEqual({ plan: 1, pairs: 2 });
    expect((await change('1', 'apply')).json).toMatchObject({ links: 2, held: 0, plans: [1] });
    expect(await together()).toEqual(['1 2', '3 4']);
    const { rows } = await own.pool.query('select name, members from golden.people order by name');
    expect(rows).toEqual([
      { name: '=cmd()', members: 2 },
      { name: 'Ada Okafor', members: 2 },
      { name: 'Bola', members: 1 },
    ]);
  });

  test('what a person rejects is proposed by no later plan', async () => {
    await expect(decided('1', 'reject')).rejects.toThrow('reject needs to know which pairs');
    expect((await decided('1', 'reject', { rule: 'same-name' })).json).toMatchObject({ pairs: 1, undecided: 0 });
    expect((await plan()).json).toMatchObject({ plan: 2, pairs: 2 });
    expect((await show('2')).text).toContain('in force by plan 1');
  });

  test('rows that come later join merged clusters, leave with the plan that they followed, and others wait for a person', async () => {
    await read([
      ['6', 'ADA@example.com', 'A. Okafor'],
      ['7', 'new@example.com', 'N'],
      ['8', 'new@example.com', 'New'],
    ]);
    const joined = await run((context) => joinDuplicates({ ...context, name: 'people' }), {});
    expect(joined.json).toMatchObject({ pairs: 3, applied: 2 });
    expect(await together()).toEqual(['1 2 6', '3 4']);
    const again = await run((context) => joinDuplicates({ ...context, name: 'people' }), {});
    expect(again.json).toMatchObject({ pairs: 0, applied: 0 });
    expect((await change('1', 'undo', { rule: 'same-email' })).json).toMatchObject({ links: 4, plans: [1, 3, 4] });
    expect(await together()).toEqual([]);
    await expect(run((context) => joinDuplicates({ ...context, name: 'people' }), {})).rejects.toThrow(
      'no plan of people is in force',
    );
    await change('1', 'apply');
    expect(await together()).toEqual(['1 2', '3 4']);
  });

  test('two rows are kept apart, whatever connects them, and may belong together again', async () => {
    const rows = [`${shop.name}.people 1`, `${shop.name}.people 2`] as const;
    const apart = (way: 'never' | 'may'): Promise<Said> =>
      run((context) => keepApart({ ...context, name: 'people', rows, way }), why);
    await apart('never');
    expect(await together()).toEqual(['3 4']);
    expect((await apart('may')).json).toMatchObject({ changed: true });
    expect((await apart('may')).json).toMatchObject({ changed: false });
    expect(await together()).toEqual(['1 2', '3 4']);
  });

  test('a row that was edited so that it says something else is named, and its pairs can be undone', async () => {
    const none = await drift();
    expect(none).toMatchObject({ code: 0, json: { looked: 2, drifted: 0, heldOtherwise: 0, gone: 0 } });
    await read([
      ['2', 'bea@example.com', 'Ada Okafor'],
      ['4', 'BOLA@example.com', 'Someone Else'],
    ]);
    const found = await drift();
    expect(found).toMatchObject({
      code: 3,
      json: { looked: 2, drifted: 1, undone: 0, pairs: [{ plan: 1, now: null, changed: [{ field: 'email' }] }] },
    });
    expect(found.text).toMatch(/email: ada@example.com \| bea@example.com {3}\(no longer the same\)/);
    const { pair } = (found.json as { pairs: { pair: number }[] }).pairs[0] as { pair: number };
    expect(found.text).toContain(`\`syncline duplicates undo 1 --pair ${pair} --reason …\``);
    // Nothing is undone by itself.
    expect(await together()).toEqual(['1 2', '3 4']);
    await expect(drift({ undo: true })).rejects.toThrow('--reason: expected why');
    await expect(drift(why)).rejects.toThrow('--reason goes with --undo');
    expect(await drift({ undo: true, ...why })).toMatchObject({ code: 0, json: { drifted: 1, undone: 1 } });
    expect(await together()).toEqual(['3 4']);
    expect(await drift()).toMatchObject({ code: 0, json: { looked: 1, drifted: 0 } });
    await read([['2', 'ada@example.com', 'Ada Okafor']]);
    await change('1', 'apply');
    expect(await together()).toEqual(['1 2', '3 4']);
  });

  test('a plan that waits is approved by a signal', async () => {
    const begun = await run((context) => planDuplicates({ ...context, name: 'people' }), { waitForApproval: '1m' });
    const { workflowId } = begun.json as { workflowId: string };
    const found = await withTemporal(workers.config, async (client) => {
      await signalApproval(client, workflowId, { by: 'anna', reason: 'looked at it', rule: 'same-email' });
      return client.workflow.getHandle(workflowId).result();
    });
    expect(found).toMatchObject({ applied: 5 });
    expect(await together()).toEqual(['1 2 6', '3 4', '7 8']);
    expect((await run((context) => listDuplicates({ ...context, name: 'people' }), {})).text).toMatch(
      /ready, follows 1/,
    );
  });

  test('what a schedule starts joins once for each slot, and is no failure where no plan is in force', async () => {
    const applied = await run(scheduleApply, { yes: true });
    expect(applied.text).toContain(
      '+ schedule/duplicates/people: 0 6 * * * UTC, join: new rows join merged clusters, paused',
    );
    expect((await run(scheduleList, {})).text).toMatch(/duplicates people \(join\) +0 6 \* \* \* UTC +paused/);
    await read([['9', 'bola@example.com', 'B.']]);
    expect(await slot('places')).toMatchObject({
      outcome: 'ok',
      reason: 'nothing to join: no plan of places is in force',
      found: null,
    });
    const first = await slot('people');
    expect(first).toMatchObject({ slot: '2026-02-01T06:00:00.000Z', outcome: 'ok', found: { applied: 2 } });
    expect(await together()).toEqual(['1 2 6', '3 4 9', '7 8']);
    const plans = async (): Promise<unknown> =>
      (await run((context) => listDuplicates({ ...context, name: undefined }), {})).json;
    const made = await plans();
    expect(await slot('people')).toEqual(first);
    expect(await plans()).toEqual(made);

    // Four at once, whoever has started them: one search, and one report.
    await read([['10', 'new@example.com', 'E.']]);
    const others = await duplicateWorkers(own, workers.namespace);
    try {
      const at = '2026-02-02T06:00:00Z';
      const joining: JoinSchedule = { ...timesOf('duplicates', 'people'), kind: 'join' };
      const reports = await withTemporal(workers.config, (client) =>
        Promise.all(
          Array.from({ length: 4 }, (_, n) =>
            client.workflow.execute<ScheduledJoin>('scheduledJoin', {
              workflowId: `scheduled/four/${n}-${at}`,
              taskQueue: workers.config.names.workflowQueue,
              args: [joining],
            }),
          ),
        ),
      );
      expect(new Set(reports.map((report) => JSON.stringify(report))).size).toBe(1);
      expect(reports[0]).toMatchObject({ outcome: 'ok', found: { applied: 2 } });
    } finally {
      await others.stop();
    }
    expect(await together()).toEqual(['1 2 6', '10 7 8', '3 4 9']);
    expect(((await plans()) as unknown[]).length).toBe((made as unknown[]).length + 1);
  });

  test('a plan is approved, applied and undone on the status page, by the same workers; open pages hear of it', async () => {
    const before = await together();
    await read([
      ['21', 'dede@example.com', 'Dede'],
      ['22', 'dede@example.com', 'Dede O.'],
    ]);
    const made = String(((await plan()).json as { plan: number }).plan);
    const token = 'a-token-of-the-test';
    const ui = await serveUi({
      pool: own.pool,
      partnersDir: own.folder,
      env: { SYNCLINE_UI_TOKEN: token },
      temporal: (work) => withTemporal(workers.config, work),
    });
    const ending = new AbortController();
    try {
      const ann = new Browser(ui.url);
      await ann.post('/sign-in', { name: 'ann', token, to: '/' });
      const live = await fetch(`${ui.url}/live`, { signal: ending.signal });
      const path = `/duplicates/${made}`;
      const form = /name="form" value="([^"]+)"/.exec((await ann.get(path)).text)?.[1] ?? '';
      const act = (action: string): Promise<Seen> =>
        ann.post(`/actions/${action}`, { reason: 'a test', form, target: made, found: 'merge', confirmed: 'yes' });
      expect((await act('approve-pairs')).status).toBe(303);
      expect((await act('apply-plan')).location).toContain(path);
      expect(await eventually(async () => (await together()).includes('21 22'))).toBe(true);
      const reader = (live.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
      let heard = '';
      while (!heard.includes('event: changed')) heard += (await reader.read()).value ?? '';
      const inForce = async (): Promise<boolean> => (await ann.get(path)).text.includes('undo-plan');
      expect(await eventually(inForce)).toBe(true);
      expect((await act('undo-plan')).location).toContain(path);
      expect(await eventually(async () => !(await together()).includes('21 22'))).toBe(true);
      expect(await together()).toEqual(before);
      expect(await eventually(async () => !(await inForce()))).toBe(true);
    } finally {
      ending.abort();
      await ui.close();
    }
  });

  test.each([
    ['a plan that is not there', () => show('99'), 'there is no plan 99'],
    ['no number', () => show('x'), 'plan: expected a whole number from 1 on, found "x"'],
    [
      'an unknown name',
      () => run((context) => planDuplicates({ ...context, name: 'firms' }), {}),
      'duplicates.yaml has no "firms": it has people',
    ],
    ['a probability of 2', () => decided('1', 'approve', { from: '2' }), '--from: expected a probability from 0 to 1'],
    [
      'another ending',
      () => run((context) => exportDuplicates({ ...context, plan: '1' }), { out: 'plan.pdf' }),
      '--out: expected a file that ends in .csv or .html',
    ],
    [
      'a row without its stream',
      () => run((context) => keepApart({ ...context, name: 'people', rows: ['1', '2'], way: 'never' }), why),
      'expected a row as "partner.stream key"',
    ],
    [
      'a stream that has no such rows',
      () => run((context) => keepApart({ ...context, name: 'people', rows: ['a.b 1', 'a.b 2'], way: 'never' }), why),
      'people has no rows of a.b: it has those of ',
    ],
    [
      'a join before any plan, in the words of what refused it',
      () => run((context) => joinDuplicates({ ...context, name: 'places' }), {}),
      /^no plan of places is in force.*approve it and apply it$/,
    ],
  ])('%s is refused in words', async (_, command, says) => {
    await expect(command()).rejects.toThrow(says);
  });
});
