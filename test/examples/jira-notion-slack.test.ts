import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jiraPartner, type JiraIssue, type JiraWorklog } from './jira-partner.ts';
import { notionPartner, type NotionPage } from './notion-partner.ts';
import { findings, openPlays, wellChecked, type Plays } from './open-plays.ts';
import { slackPartner, type SlackMessage } from './slack-partner.ts';

let plays: Plays;
beforeAll(async () => {
  plays = await openPlays();
});
afterAll(() => plays.close());

/** All of it is long ago, so that the clock of this machine does not matter. */
const first = { window: '2024-06-01' };
const second = { window: '2024-06-02' };

const issue = (no: number, updated: string, summary: string): JiraIssue => ({
  id: `${10_000 + no}`,
  key: `ACME-${no}`,
  fields: { created: `2024-01-0${no}T09:00:00.000+0100`, updated, summary },
});

const worklog = (no: number, updated: string, timeSpentSeconds: number): JiraWorklog => ({
  id: `${100 + no}`,
  issueId: '10001',
  updated,
  timeSpentSeconds,
});

describe('jira.yaml', () => {
  const state = {
    issues: [
      issue(1, '2024-05-01T12:00:00.000+0200', 'one'),
      issue(2, '2024-05-02T12:00:00.000+0200', 'two'),
      issue(3, '2024-05-03T12:00:00.000+0200', 'three'),
    ],
    worklogs: [
      worklog(1, '2024-05-01T12:00:00.000+0200', 60),
      worklog(2, '2024-05-02T12:00:00.000+0200', 120),
      worklog(3, '2024-05-03T12:00:00.000+0200', 180),
    ],
    comments: [
      { id: '1', issue: '10001', updated: '2024-05-01T12:00:00.000+0200' },
      { id: '2', issue: '10002', updated: '2024-05-02T12:00:00.000+0200' },
    ],
    password: 'secret',
  };

  test('reads issues by JQL, and the worklogs that changed', async () => {
    const jira = await plays.play('jira', {
      player: jiraPartner(state),
      hosts: ['https://${JIRA_SITE}.atlassian.net'],
      env: () => ({ JIRA_EMAIL: 'me@acme.example', JIRA_TOKEN: 'secret' }),
    });
    expect(await jira.read('issues', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 }, pages: 2 });
    expect(await jira.read('worklog_changes', first)).toMatchObject({
      outcome: 'ok',
      counts: { inserted: 3 },
      pages: 2,
    });
    expect(await jira.read('worklogs', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 }, requests: 1 });
    expect(await jira.read('comments', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 2 }, requests: 3 });
    expect(findings(await jira.check())).toEqual(wellChecked(['issues', 'comments', 'worklog_changes', 'worklogs']));

    state.issues[1] = issue(2, '2024-06-01T12:00:00.000+0200', 'two again');
    state.issues.push(issue(4, '2024-06-01T13:00:00.000+0200', 'four'));
    state.comments.push({ id: '3', issue: '10002', updated: '2024-06-01T12:00:00.000+0200' });
    state.worklogs[0] = worklog(1, '2024-06-01T12:00:00.000+0200', 600);
    const before = jira.asked.length;
    expect(await jira.read('issues', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 3, inserted: 1, updated: 1, unchanged: 1 },
    });
    const since = Date.parse('2024-05-03T09:59:00Z');
    expect(JSON.parse(jira.asked[before]?.text ?? '')).toMatchObject({
      jql: `updated >= ${since} AND updated < ${Date.parse('2024-06-03')} ORDER BY created ASC`,
    });
    expect(await jira.read('worklog_changes', second)).toMatchObject({ outcome: 'ok', counts: { updated: 1 } });
    expect(jira.asked.at(-1)?.query.get('since')).toBe(String(since));
    // Of the worklogs the one that changed, of the issues the one that changed and the new one.
    expect(await jira.read('worklogs', second)).toMatchObject({ outcome: 'ok', counts: { fetched: 1, updated: 1 } });
    expect(await jira.read('comments', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 2, inserted: 1, unchanged: 1 },
      requests: 2,
    });
    expect(await jira.rows(`select key, fields ->> 'summary' as summary from jira.issues order by id`)).toEqual(
      ['one', 'two again', 'three', 'four'].map((summary, index) => ({ key: `ACME-${index + 1}`, summary })),
    );
    expect(await jira.rows(`select sum("timeSpentSeconds")::integer as seconds from jira.worklogs`)).toEqual([
      { seconds: 900 },
    ]);

    state.password = 'another';
    await expect(jira.read('issues', { window: '2024-06-03' })).rejects.toThrow(/401/);
  });
});

const page = (id: string, last_edited_time: string, title: string): NotionPage => ({
  id,
  last_edited_time,
  in_trash: false,
  properties: { Name: { title: [{ plain_text: title }] } },
});

describe('notion.yaml', () => {
  const state = {
    pages: [
      page('p1', '2023-03-01T10:00:00.000Z', 'one'),
      page('p2', '2024-05-01T10:00:00.000Z', 'two'),
      page('p3', '2024-05-02T10:00:00.000Z', 'three'),
      page('p4', '2024-05-03T10:00:00.000Z', 'four'),
    ],
    users: [
      { id: 'u1', type: 'person', name: 'Ann', person: { email: 'ann@acme.example' } },
      { id: 'u2', type: 'bot', name: 'Bot', bot: {} },
      { id: 'u3', type: 'person', name: null, person: {} },
    ],
    cap: 100,
  };

  test('reads pages by the time of their last edit, and all people', async () => {
    const notion = await plays.play('notion', {
      player: notionPartner(state),
      hosts: ['https://api.notion.com'],
      env: () => ({ NOTION_TOKEN: 'secret', NOTION_DATA_SOURCE: 'ds1', NOTION_SINCE: '2023-01-01T00:00:00Z' }),
    });
    expect(await notion.read('pages', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 4 }, pages: 3 });
    expect(await notion.read('users', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 }, pages: 2 });
    expect(findings(await notion.check())).toEqual(wellChecked(['pages', 'users']));

    state.pages = [...state.pages, page('p5', '2024-06-01T09:00:00.000Z', 'five')];
    state.pages[1] = page('p2', '2024-06-01T08:00:00.000Z', 'two again');
    state.users.pop();
    const before = notion.asked.length;
    expect(await notion.read('pages', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 3, inserted: 1, updated: 1, unchanged: 1 },
    });
    expect(JSON.parse(notion.asked[before]?.text ?? '')).toMatchObject({
      filter: { and: [{ last_edited_time: { on_or_after: '2024-05-03T10:00:00.000Z' } }, {}] },
    });
    expect(await notion.read('users', second)).toMatchObject({ outcome: 'ok', removed: 1 });
    expect(
      await notion.rows(`select id, properties #>> '{Name,title,0,plain_text}' as name from notion.pages order by id`),
    ).toEqual(['one', 'two again', 'three', 'four', 'five'].map((name, index) => ({ id: `p${index + 1}`, name })));
  });

  test('does not take a query that was cut off for a whole one', async () => {
    state.cap = 2;
    const notion = await plays.play('notion', {
      player: notionPartner(state),
      hosts: ['https://api.notion.com'],
      env: () => ({}),
    });
    expect(await notion.read('pages', { window: '2024-06-03' })).toMatchObject({
      outcome: 'ok',
    });
    expect(await notion.read('pages', { window: '2024-01-01..2024-06-03' })).toMatchObject({
      outcome: 'suspect',
      reason: expect.stringContaining('request_status.incomplete_reason'),
    });
  });
});

const at = (day: string): string => `${Date.parse(`${day}T10:00:00Z`) / 1000}.000200`;

const message = (day: string, text: string): SlackMessage => ({ type: 'message', ts: at(day), user: 'U1', text });

describe('slack.yaml', () => {
  const state = {
    channels: [
      { id: 'C1', name: 'general', is_member: true },
      { id: 'C2', name: 'private-matters', is_member: false },
      { id: 'C3', name: 'random', is_member: true },
    ],
    users: ['U1', 'U2', 'U3'].map((id) => ({ id, name: id, deleted: false, updated: 1_700_000_000 })),
    messages: {
      C1: [message('2024-05-01', 'a'), message('2024-05-02', 'b'), message('2024-05-30', 'c')],
      C3: [message('2024-05-04', 'x')],
    } as Record<string, readonly SlackMessage[]>,
    replies: {} as Record<string, readonly SlackMessage[]>,
    token: 'xoxb-1',
  };

  test('reads channels, people, and the messages of the channels that it is in', async () => {
    const slack = await plays.play('slack', {
      player: slackPartner(state),
      hosts: ['https://slack.com'],
      env: () => ({ SLACK_TOKEN: 'xoxb-1' }),
    });
    expect(await slack.read('channels', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 }, pages: 2 });
    expect(await slack.read('users', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 }, pages: 2 });
    expect(await slack.read('messages', first)).toMatchObject({ outcome: 'ok', counts: { inserted: 4 } });
    expect(await slack.read('replies', first)).toMatchObject({ outcome: 'ok', requests: 0 });

    state.messages['C1'] = [
      ...state.messages['C1']!.slice(0, 2),
      { ...message('2024-05-30', 'c, edited'), edited: { user: 'U1', ts: at('2024-06-01') } },
      message('2024-06-01', 'd'),
    ];
    const before = slack.asked.length;
    expect(await slack.read('messages', second)).toMatchObject({
      outcome: 'ok',
      counts: { fetched: 2, inserted: 1, updated: 1 },
    });
    const oldest = slack.asked.slice(before).map(({ query }) => [query.get('channel'), query.get('oldest')] as const);
    expect(new Map(oldest)).toEqual(
      new Map([
        ['C1', String(Date.parse('2024-05-27T10:00:00Z') / 1000)],
        // It was not read, so it would be read from its beginning.
        ['C2', null],
        ['C3', String(Date.parse('2024-05-27T10:00:00Z') / 1000)],
      ]),
    );
    expect(await slack.rows('select channel_id, ts, text from slack.messages order by 1, 2')).toEqual([
      { channel_id: 'C1', ts: at('2024-05-01'), text: 'a' },
      { channel_id: 'C1', ts: at('2024-05-02'), text: 'b' },
      { channel_id: 'C1', ts: at('2024-05-30'), text: 'c, edited' },
      { channel_id: 'C1', ts: at('2024-06-01'), text: 'd' },
      { channel_id: 'C3', ts: at('2024-05-04'), text: 'x' },
    ]);

    const [thread] = [at('2024-05-30')];
    state.replies[thread] = [message('2024-06-02', 'yes'), message('2024-06-03', 'no')];
    state.messages['C1'] = state.messages['C1'].map((one) =>
      one.ts === thread ? { ...one, latest_reply: at('2024-06-03') } : one,
    );
    const third = { window: '2024-06-04' };
    expect(await slack.read('messages', third)).toMatchObject({ outcome: 'ok', counts: { updated: 1 } });
    expect(await slack.read('replies', third)).toMatchObject({ outcome: 'ok', counts: { inserted: 3 }, requests: 2 });
    expect(await slack.read('replies', { window: '2024-06-05' })).toMatchObject({ outcome: 'ok', requests: 0 });
    const [channels, messages, users] = wellChecked(['channels', 'messages', 'users']);
    // As it should be: of messages without a thread nothing is asked.
    const replies = expect.objectContaining({
      stream: 'replies',
      findings: [expect.objectContaining({ code: 'parent-without-value', severity: 'warning' })],
    });
    expect(findings(await slack.check())).toEqual([channels, messages, replies, users]);

    state.token = 'xoxb-2';
    await expect(slack.read('messages', { window: '2024-06-06' })).rejects.toThrow(/docs.slack.dev/);
  });
});
