import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import type { AlertRow } from '../../core/alert.ts';
import { alertsFile, type Channel } from '../../definitions/alerts.ts';
import { loadAlerts } from '../../definitions/load-alerts.ts';
import type { AlertMessage } from '../../alerts/message.ts';
import { ruleNames } from '../../alerts/catalog.ts';
import { sendMessage } from '../../notify/send-message.ts';
import { freePort } from '../../services/free-port.ts';
import { runSyncline } from '../cli/run-syncline.ts';
import { withFiles } from '../definitions/partner-files.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { httpSink, mailSink, type HttpSink, type MailSink } from './sinks.ts';

const SECRET = `whsec_${Buffer.from('canary-4711-canary-4711-').toString('base64')}`;
let [sink, mails, folder] = [] as unknown as [HttpSink, MailSink, TemporaryFolder];
beforeAll(async () => {
  [sink, mails, folder] = await Promise.all([httpSink(), mailSink(), temporaryFolder()]);
});
afterAll(async () => {
  await Promise.all([sink?.close(), mails?.close()]);
  await folder?.remove();
});

const alert = (id: number, more: Partial<AlertRow> = {}): AlertRow => ({
  id,
  rule: 'run-failed',
  severity: 'page',
  partner: 'acme',
  stream: 'orders',
  subject: null,
  since: '2026-11-24T03:00:00.000Z',
  openedAt: '2026-11-24T03:01:00.000Z',
  lastSeenAt: '2026-11-24T03:01:00.000Z',
  resolvedAt: null,
  silenced: null,
  summary: 'the last run of acme.orders ended failed: <b> & so on',
  meaning: 'The stream was not read to its end.',
  whatToDo: '`syncline runs list --partner acme`',
  runbook: 'https://wiki.example/alerts#run-failed',
  ...more,
});
const message: AlertMessage = {
  id: 'alert-7-1',
  cause: 'news',
  at: '2026-11-24T03:02:00.000Z',
  open: [alert(1), alert(2, { stream: 'refunds', severity: 'ticket' })],
  resolved: [alert(3, { stream: 'old', resolvedAt: '2026-11-24T03:02:00.000Z' })],
};
const send = (channel: Channel): Promise<void> =>
  sendMessage({ name: 'it', channel }, message, { env: {}, now: Date.now });

describe('a channel', () => {
  test('webhook sends all there is, signed', async () => {
    await send({ type: 'webhook', url: `${sink.url}/hook`, headers: { 'X-Team': 'data' }, secret: SECRET });
    const { headers, text } = sink.received.at(-1)!;
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-team': 'data', 'webhook-id': 'alert-7-1' });
    const body = new Webhook(SECRET).verify(text, headers as Record<string, string>);
    expect(body).toEqual({ version: 1, title: '[PAGE] acme.orders: run-failed (and 2 more)', ...message });
  });

  test('slack has its three characters escaped, and no more blocks than it takes', async () => {
    const open = Array.from({ length: 30 }, (_, n) => alert(n));
    await sendMessage(
      { name: 'it', channel: { type: 'slack', url: `${sink.url}/slack` } },
      { ...message, open },
      { env: {}, now: Date.now },
    );
    const { text, blocks } = JSON.parse(sink.received.at(-1)?.text ?? '') as { text: string; blocks: unknown[] };
    expect(text).toBe('[PAGE] acme.orders: run-failed (and 30 more)');
    expect(blocks.length).toBeLessThanOrEqual(50);
    expect(JSON.stringify(blocks)).toContain('&lt;b&gt; &amp; so on');
    expect(JSON.stringify(blocks)).toContain('10 more: `syncline alerts list`');
  });

  test('pagerduty gets an event for each alert, and one that ends what is over', async () => {
    sink.received.length = 0;
    await send({ type: 'pagerduty', routingKey: 'key', url: `${sink.url}/pd` });
    expect(sink.received.map(({ text }) => JSON.parse(text) as object)).toMatchObject([
      { event_action: 'trigger', dedup_key: 'syncline/run-failed/acme/orders//1', payload: { severity: 'critical' } },
      { event_action: 'trigger', dedup_key: 'syncline/run-failed/acme/refunds//2', payload: { severity: 'warning' } },
      { event_action: 'resolve', dedup_key: 'syncline/run-failed/acme/old//3' },
    ]);
  });

  test('email says of each alert what, since when, what it means, what to do and how to silence it', async () => {
    await send({
      type: 'email',
      smtp: mails.url,
      from: 'syncline@example.com',
      to: ['ann@example.com', 'bob@example.com'],
    });
    const { to, text } = mails.mails.at(-1)!;
    expect(to).toEqual(['ann@example.com', 'bob@example.com']);
    expect(text).toMatch(/^Message-ID: <alert-7-1@syncline>/m);
    expect(text).toMatch(/^Subject: \[PAGE\] acme\.orders: run-failed \(and 2 more\)/m);
    for (const line of [
      'What:     the last run of acme.orders ended failed',
      'Since:    2026-11-24 03:00 UTC',
      'Means:    The stream was not read to its end.',
      'Do:       `syncline runs list --partner acme`',
      'Runbook:  https://wiki.example/alerts#run-failed',
      'Silence:  `syncline alerts silence 1 --for 2h',
      'Over since 2026-11-24 03:02 UTC: the last run',
    ])
      expect(text.replaceAll('=\r\n', '')).toContain(line);
  });

  test.each<[string, () => Channel, string]>([
    [
      'webhook',
      () => ({ type: 'webhook', url: `${sink.url}/canary-4711`, headers: {} }),
      'channel it (webhook): answered 500',
    ],
    ['slack', () => ({ type: 'slack', url: 'http://127.0.0.1:1/canary-4711' }), 'channel it (slack)'],
    [
      'email',
      () => ({ type: 'email', smtp: mails.url.replace('canary-4711', 'canary-4712'), from: 'a@b', to: ['c@d'] }),
      'channel it (email): EAUTH 535',
    ],
  ])('%s that does not take it says so, without its address or its secret', async (_, channel, says) => {
    sink.status = 500;
    const failure = await send(channel()).catch((error: unknown) => error);
    sink.status = 200;
    expect(String(failure)).toContain(says);
    expect(String(failure)).not.toContain('canary');
  });
});

describe('syncline alerts test', () => {
  test('tells each channel, and says which do not take it', async () => {
    await writeFile(
      join(folder.path, 'alerts.yaml'),
      JSON.stringify({
        channels: {
          hook: { type: 'webhook', url: '${HOOK}' },
          mail: { type: 'email', smtp: mails.url, from: 'a@example.com', to: ['c@example.com'] },
          gone: { type: 'slack', url: 'http://127.0.0.1:1/' },
        },
      }),
    );
    const env = { SYNCLINE_PARTNERS_DIR: folder.path, HOOK: `${sink.url}/test` };
    const all = await runSyncline(['alerts', 'test'], env);
    expect(all.code).toBe(1);
    expect(all.stdout).toMatch(
      /hook \(webhook\): taken\nmail \(email\): taken\ngone \(slack\): NOT taken: channel gone/,
    );
    expect(sink.received.at(-1)?.text).toContain('nothing is wrong');
    expect(mails.mails.at(-1)?.text).toMatch(/^Subject: \[TEST\] /m);
    expect(await runSyncline(['alerts', 'test', 'mial'], env)).toMatchObject({
      code: 2,
      stderr: 'syncline: there is no channel "mial"; did you mean "mail"?\n',
    });
  });
});

const load = (yaml: string): Promise<unknown> =>
  withFiles({ 'alerts.yaml': yaml, 'acme.yaml': '' }, (dir) => loadAlerts({ dir, env: {} }, ruleNames));

describe('alerts.yaml', () => {
  test('is checked: channels and rules by their names', async () => {
    const routes =
      'routes:\n  - { match: { rule: run-faild }, to: [teem] }\nrules:\n  - { rule: rows, severity: off }\n';
    await expect(load(`channels: { team: { type: slack, url: https://x.example } }\n${routes}`)).rejects.toThrow(
      /there is no channel "teem"; did you mean "team"\?[^]*there is no rule "rows"[^]*there is no rule "run-faild"; did you mean "run-failed"\?/,
    );
  });

  test('of an unknown kind of channel is refused with the kinds there are', async () => {
    await expect(load('channels: { team: { type: slak, url: https://x.example } }')).rejects.toThrow(
      'did you mean "slack"',
    );
  });

  test('has defaults that tell nobody twice an hour', () => {
    expect(
      alertsFile.parse({ channels: { a: { type: 'slack', url: 'https://x.example' } }, routes: [{ to: ['a'] }] }),
    ).toMatchObject({
      routes: [{ groupBy: ['partner', 'rule'], wait: 30_000, repeat: 14_400_000, resolved: true, continue: false }],
      quietDays: [],
    });
  });
});

/** Debian has it in the package `prometheus-alertmanager`. */
const alertmanager = await promisify(execFile)('prometheus-alertmanager', ['--version']).then(
  () => 'prometheus-alertmanager',
  () => undefined,
);

(alertmanager === undefined ? describe.skip : describe)('a real Alertmanager, where it is there', () => {
  let server: ChildProcess;
  let url: string;
  beforeAll(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const config = join(folder.path, 'alertmanager.yml');
    await writeFile(config, 'route: { receiver: none }\nreceivers: [{ name: none }]\n');
    server = spawn('prometheus-alertmanager', [
      `--config.file=${config}`,
      `--storage.path=${join(folder.path, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ]);
    await eventually(() =>
      fetch(`${url}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  });
  afterAll(async () => {
    if (server?.exitCode === null && server.kill()) await once(server, 'exit');
  });

  interface Known {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
    readonly status: { readonly state: string };
  }
  const known = async (): Promise<readonly Known[]> => (await (await fetch(`${url}/api/v2/alerts`)).json()) as Known[];

  test('takes open alerts, and those that are over', async () => {
    const open = { ...message, resolved: [] };
    await sendMessage({ name: 'it', channel: { type: 'alertmanager', url } }, open, { env: {}, now: Date.now });
    expect(await eventually(async () => (await known()).length === 2)).toBe(true);
    expect(await known()).toContainEqual(
      expect.objectContaining({
        labels: { alertname: 'run-failed', severity: 'page', source: 'syncline', partner: 'acme', stream: 'orders' },
        annotations: expect.objectContaining({ runbook_url: 'https://wiki.example/alerts#run-failed' }),
      }),
    );
    const over = open.open.map((one) => ({ ...one, resolvedAt: new Date().toISOString() }));
    await sendMessage(
      { name: 'it', channel: { type: 'alertmanager', url } },
      { ...message, open: [], resolved: over },
      { env: {}, now: Date.now },
    );
    expect(await eventually(async () => (await known()).length === 0)).toBe(true);
  });
});
