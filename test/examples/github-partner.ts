import type { OwnAnswer } from '../support/own-partner.ts';
import type { Asked, Player, Row } from './example-partner.ts';
import { at, DAY, headerOf, iso, many, notFound, part, replaceIn } from './play.ts';

/** https://docs.github.com/en/rest: repositories of an organization; issues and commits of each, with `since` and `Link`. */
export function githubPartner(): Player {
  const repositories: Row[] = ['acme/core', 'acme/empty', 'acme/mirror'].map(repository);
  const issues: Record<string, Row[]> = {
    'acme/core': many(120, (i) => issue(i + 1, at(i * DAY))),
    'acme/empty': [],
  };
  const commits: Record<string, Row[]> = {
    'acme/core': [commit('c1', at(100 * DAY))],
    'acme/mirror': [commit('m1', at(0))],
  };

  const list = (rows: readonly Row[], timeOf: (row: Row) => number, { url }: Asked): OwnAnswer => {
    const since = Date.parse(url.searchParams.get('since') ?? '1970-01-01T00:00:00Z');
    const size = Number(url.searchParams.get('per_page') ?? 30);
    const page = Number(url.searchParams.get('page') ?? 1);
    const found = rows.filter((row) => timeOf(row) >= since);
    const { items, next } = part(found, (page - 1) * size, size);
    const other = new URL(url);
    other.searchParams.set('page', String(page + 1));
    return { body: items, headers: { ...limits, ...(next === null ? {} : { link: `<${other.href}>; rel="next"` }) } };
  };

  const answer = (asked: Asked): OwnAnswer => {
    if (headerOf(asked, 'authorization') !== 'Bearer github_pat_1')
      return { status: 401, body: { message: 'Bad credentials' } };
    if (headerOf(asked, 'user-agent') === '') return { status: 403, body: { message: 'a User-Agent is required' } };
    const { pathname } = asked.url;
    if (pathname === '/orgs/acme/repos') return list(repositories, () => at(0), asked);
    const [, repo = '', what = ''] = /^\/repos\/(acme\/\w+)\/(\w+)$/.exec(pathname) ?? [];
    if (!repositories.some((row) => row['full_name'] === repo)) return notFound;
    if (what === 'issues') {
      const found = issues[repo];
      if (found === undefined)
        return { status: 410, body: { message: 'Issues has been disabled in this repository.' } };
      return list(found, (row) => Date.parse(String(row['updated_at'])), asked);
    }
    const found = commits[repo];
    if (found === undefined) return { status: 409, body: { message: 'Git Repository is empty.' } };
    return list(found, dateOf, asked);
  };

  return {
    name: 'github',
    env: { GITHUB_ORG: 'acme', GITHUB_TOKEN: 'github_pat_1' },
    origin: 'https://api.github.com',
    refusal: {
      status: 403,
      headers: { ...limits, 'retry-after': '1' },
      body: { message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.' },
    },
    answer,
    change: () => {
      const { 'acme/core': core = [] } = issues;
      replaceIn(core, 'number', 3, { state: 'closed', closed_at: iso(at(200 * DAY)), updated_at: iso(at(200 * DAY)) });
      core.push(issue(121, at(201 * DAY)));
      commits['acme/core']?.unshift(commit('c2', at(202 * DAY)));
      // Its issues are older than all that has been read of the others.
      repositories.push(repository('acme/old', 9));
      issues['acme/old'] = [{ ...issue(1, at(0)), id: 5001 }];
      commits['acme/old'] = [commit('o1', at(0))];
    },
    truth: (stream) => {
      if (stream === 'repositories') return repositories;
      return Object.values(stream === 'issues' ? issues : commits).flat();
    },
  };
}

const limits = {
  'x-ratelimit-limit': '5000',
  'x-ratelimit-remaining': '4990',
  'x-ratelimit-reset': String(Math.ceil(Date.now() / 1000) + 3600),
  'x-ratelimit-resource': 'core',
};

const repository = (full_name: string, i: number): Row => ({
  id: i + 1,
  full_name,
  private: false,
  archived: false,
  default_branch: 'main',
  created_at: iso(at(0)),
  updated_at: iso(at(0)),
  pushed_at: null,
});

const issue = (number: number, updated: number): Row => ({
  id: 1000 + number,
  number,
  title: `Issue ${number}`,
  state: 'open',
  user: { login: 'octocat' },
  labels: [],
  created_at: iso(at(0)),
  updated_at: iso(updated),
  closed_at: null,
});

const commit = (sha: string, ms: number): Row => ({
  sha,
  commit: { message: 'a change', committer: { name: 'a', date: iso(ms) } },
  author: null,
  parents: [],
});
const dateOf = (row: Row): number => Date.parse((row['commit'] as { committer: { date: string } }).committer.date);
