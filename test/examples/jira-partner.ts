import { pageOf, type Asked, type Played, type Player } from './open-plays.ts';

export interface JiraIssue {
  readonly id: string;
  readonly key: string;
  readonly fields: { readonly created: string; readonly updated: string; readonly summary: string };
}

export interface JiraComment {
  readonly id: string;
  readonly issue: string;
  readonly updated: string;
}

export interface JiraWorklog {
  readonly id: string;
  readonly issueId: string;
  readonly updated: string;
  readonly timeSpentSeconds: number;
}

interface Search {
  readonly jql: string;
  readonly fields: readonly string[];
  readonly nextPageToken?: string;
}

const SIZE = 2;
const refuse = (status: number, message: string): Played => ({
  status,
  body: { errorMessages: [message], errors: {} },
});

/** A site with issues and worklogs. Times are written as Jira does it, with the user's offset and without a colon. */
export function jiraPartner(of: {
  issues: readonly JiraIssue[];
  comments: readonly JiraComment[];
  worklogs: readonly JiraWorklog[];
  password: string;
}): Player {
  return (asked, url) => {
    const credentials = Buffer.from(`me@acme.example:${of.password}`).toString('base64');
    if (asked.headers.authorization !== `Basic ${credentials}`)
      return refuse(401, 'You are not authenticated. Authentication required to perform this operation.');
    const path = asked.path.replace('/rest/api/3', '');
    if (path === '/search/jql' && asked.method === 'POST') return search(asked, of.issues);
    const [, issue] = /^\/issue\/(\d+)\/comment$/.exec(path) ?? [];
    if (issue !== undefined)
      return commentsOf(
        asked,
        of.comments.filter((comment) => comment.issue === issue),
      );
    if (path === '/worklog/updated') return changedWorklogs(asked, of.worklogs, url);
    if (path === '/worklog/list' && asked.method === 'POST') {
      const { ids } = JSON.parse(asked.text) as { ids: readonly unknown[] };
      return { body: of.worklogs.filter(({ id }) => ids.includes(Number(id))) };
    }
    return refuse(404, 'null for uri');
  };
}

function search({ text }: Asked, issues: readonly JiraIssue[]): Played {
  const { jql, fields, nextPageToken } = JSON.parse(text) as Search;
  const [, from, to] = /^updated >= (\d+) AND updated < (\d+) ORDER BY created ASC$/.exec(jql) ?? [];
  if (from === undefined || to === undefined) return refuse(400, `Unbounded JQL queries are not allowed here.`);
  if (fields.length === 0) return refuse(400, 'no fields');
  const found = issues
    .filter(({ fields: { updated } }) => Date.parse(updated) >= Number(from) && Date.parse(updated) < Number(to))
    .toSorted((a, b) => Date.parse(a.fields.created) - Date.parse(b.fields.created));
  const { items, next } = pageOf(found, nextPageToken, SIZE);
  return {
    body: { issues: items, isLast: next === undefined, ...(next === undefined ? {} : { nextPageToken: next }) },
  };
}

function commentsOf({ query }: Asked, all: readonly JiraComment[]): Played {
  const startAt = Number(query.get('startAt'));
  const maxResults = Number(query.get('maxResults'));
  const comments = all.slice(startAt, startAt + maxResults).map(({ id, updated }) => ({ id, updated }));
  return { body: { startAt, maxResults, total: all.length, comments } };
}

/** By its time, oldest first; the last page names a next one as well. */
function changedWorklogs({ query }: Asked, worklogs: readonly JiraWorklog[], url: string): Played {
  const since = Number(query.get('since') ?? '0');
  const found = worklogs
    .map(({ id, updated }) => ({ worklogId: Number(id), updatedTime: Date.parse(updated), properties: [] }))
    .filter(({ updatedTime }) => updatedTime >= since)
    .toSorted((a, b) => a.updatedTime - b.updatedTime);
  const values = found.slice(0, SIZE);
  const until = values.at(-1)?.updatedTime ?? since;
  const self = `${url}/rest/api/3/worklog/updated?since=`;
  return {
    body: {
      values,
      since,
      until,
      self: `${self}${since}`,
      nextPage: `${self}${until + 1}`,
      lastPage: found.length <= SIZE,
    },
  };
}
