import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Asking } from '../../../activities/check/asker.ts';
import { openCheck } from '../../../activities/check/check-stream.ts';
import { compilePartner } from '../../../definitions/compile.ts';
import { processLimiter } from '../../../limits/permits/process-limiter.ts';
import { plainNames } from '../../../messages/names.ts';
import { loadAcme } from '../../definitions/partner-files.ts';
import { serve, type LocalServer } from '../../http/support/local-server.ts';
import { checkIt, NOW_MS } from './check-it.ts';

const asked: string[] = [];
const gone = new Set<string>();
let server: LocalServer;
beforeAll(async () => {
  server = await serve((request, response) => {
    asked.push(request.url as string);
    const body =
      request.url === '/repos'
        ? [
            { id: 1, owner: { login: '' }, name: 'x' },
            { id: 2, owner: { login: 'acme' }, name: 'a/b' },
            { id: 3, owner: { login: 'acme' }, name: 'c' },
          ]
        : request.url === '/login'
          ? { session: 's1' }
          : [{ number: 7 }];
    response.writeHead(gone.has(request.url as string) ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  });
});
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  gone.clear();
});

const permits: Asking['permits'] = (partner) => ({ limiter: processLimiter(partner) });

test('one login, and one first page of a parent, do for all streams', async () => {
  const partner = await loadAcme(`
name: acme
baseUrl: ${server.url}
auth: { type: login, url: /login, credentials: { user: me, password: secret }, token: session }
streams:
  repos: { path: /repos, primaryKey: [id], schema: { type: object, properties: { id: { type: integer }, name: { type: string } } } }
  issues: &child
    path: /repos/{parent.name}/issues
    primaryKey: [number]
    parent: { stream: repos }
    schema: { type: object, properties: { number: { type: integer } } }
  pulls: { <<: *child, path: '/repos/{parent.name}/pulls' }
`);
  const streams = compilePartner(partner, plainNames);
  const check = openCheck({ streams, nowMs: NOW_MS, permits });
  const requests: number[] = [];
  for (const stream of streams.values()) requests.push((await check(stream)).requests);
  expect(asked).toEqual([
    '/login',
    '/repos',
    '/repos/x/issues',
    '/repos/a%2Fb/issues',
    '/repos/x/pulls',
    '/repos/a%2Fb/pulls',
  ]);
  expect(requests).toEqual([2, 2, 2]);
});

async function checkIssues(
  keys = 'primaryKey: [owner, repo, number]\n    parent: { stream: repos, include: { owner.login: owner, name: repo } }',
): ReturnType<typeof checkIt> {
  const partner = await loadAcme(`
name: acme
baseUrl: ${server.url}
streams:
  repos:
    path: /repos
    primaryKey: [id]
    schema:
      type: object
      properties: { id: { type: integer }, name: { type: string }, owner: { type: object, properties: { login: { type: string } } } }
  issues:
    path: /repos/{parent.owner.login}/{parent.name}/issues
    ${keys}
    schema: { type: object, properties: { number: { type: integer } } }
`);
  const streams = compilePartner(partner, plainNames);
  const issues = streams.get('issues');
  if (issues === undefined) throw new Error('no stream');
  return checkIt(issues, streams);
}

test('a child is tried with the first parent that has all of its fields, and those without are told', async () => {
  expect(await checkIssues()).toMatchObject({
    records: 1,
    requests: 2,
    rejected: [],
    columns: [
      { name: 'owner', samples: ['acme'] },
      { name: 'repo', samples: ['a/b'] },
      { name: 'number', samples: ['7'] },
    ],
    findings: [
      {
        code: 'parent-without-value',
        severity: 'warning',
        says: '1 of 3 records of repos came without owner.login and name: nothing is asked for them',
      },
    ],
  });
  expect(asked).toEqual(['/repos', '/repos/acme/a%2Fb/issues']);
});

test('a parent that is refused is told, and another one tried', async () => {
  gone.add('/repos/acme/a%2Fb/issues');
  expect(await checkIssues()).toMatchObject({
    records: 1,
    columns: [{}, { samples: ['c'] }, {}],
    findings: [{}, { code: 'parent-refused', severity: 'warning', says: expect.stringContaining('answered 404') }],
  });
});

describe('a key that does not name the parent', () => {
  test('is told where the same record came for both, which is kept once', async () => {
    expect(await checkIssues('primaryKey: [number]\n    parent: { stream: repos }')).toMatchObject({
      requests: 3,
      findings: [{ code: 'parent-without-value' }, { code: 'parents-share-keys', severity: 'warning' }],
    });
  });

  test('is wrong where the records differ, be it by what is included', async () => {
    const included = 'primaryKey: [number]\n    parent: { stream: repos, include: { name: repo } }';
    expect(await checkIssues(included)).toMatchObject({
      findings: [
        {},
        {
          code: 'parents-share-keys',
          severity: 'error',
          says: expect.stringContaining('primaryKey: [repos_owner_login, repos_name, number]'),
        },
      ],
    });
  });

  test('is not judged where the other parent is refused', async () => {
    gone.add('/repos/acme/c/issues');
    expect(await checkIssues('primaryKey: [number]\n    parent: { stream: repos }')).toMatchObject({
      findings: [{ code: 'parent-without-value' }],
      unverified: [{ about: 'keys', says: expect.stringContaining('answered 404') }],
    });
  });

  test('costs nothing where every record is kept', async () => {
    expect(await checkIssues('disposition: append\n    parent: { stream: repos }')).toMatchObject({ requests: 2 });
  });
});

test('where every parent is refused the path is wrong', async () => {
  for (const name of ['a%2Fb', 'c']) gone.add(`/repos/acme/${name}/issues`);
  expect(await checkIssues()).toMatchObject({
    deferred: false,
    error: expect.stringMatching(/answered 404.*; so it was with 2 parents$/),
  });
});
