import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { sampleStream } from '../../activities/sample-stream.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { plainNames } from '../../messages/names.ts';
import { loadAcme } from '../definitions/partner-files.ts';
import { serve, type LocalServer } from '../http/support/local-server.ts';

const asked: string[] = [];
let server: LocalServer;
beforeAll(async () => {
  server = await serve((request, response) => {
    asked.push(request.url as string);
    const body =
      request.url === '/repos'
        ? [
            { id: 1, owner: { login: '' }, name: 'x' },
            { id: 2, owner: { login: 'acme' }, name: 'a/b' },
          ]
        : [{ number: 7 }];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
});
afterAll(() => server.close());

test('a child is tried with the first parent that has all of its fields', async () => {
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
    primaryKey: [owner, repo, number]
    parent: { stream: repos, include: { owner.login: owner, name: repo } }
    schema: { type: object, properties: { number: { type: integer } } }
`);
  const streams = compilePartner(partner, plainNames);
  const issues = streams.get('issues');
  expect(issues && (await sampleStream(issues, { streams, nowMs: Date.parse('2026-11-24') }))).toMatchObject({
    records: 1,
    rejected: [],
    columns: [
      { name: 'owner', samples: ['acme'] },
      { name: 'repo', samples: ['a/b'] },
      { name: 'number', samples: ['7'] },
    ],
  });
  expect(asked).toEqual(['/repos', '/repos/acme/a%2Fb/issues']);
});
