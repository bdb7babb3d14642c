import { describe, expect, test } from '@jest/globals';
import { checkPartner } from '../../definitions/check.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import { dotted } from '../../definitions/problem.ts';

type JobInput = NonNullable<StreamInput['job']>;
const job: JobInput = {
  create: { path: '/jobs', body: { name: '{key}' }, id: 'id' },
  poll: { path: '/jobs/{job}', status: 'state', done: ['done'] },
};
const properties = { id: { type: 'string' }, at: { type: 'string', format: 'date-time' } };
const base: StreamInput = { primaryKey: ['id'], schema: { type: 'object', properties } };
const pages: StreamInput = { ...base, path: '/jobs/{job}/result', job };
const files: StreamInput = { ...base, job: { ...job, files: 'urls' } };
const problems = (stream: StreamInput): string[] =>
  checkPartner(partner.parse({ name: 'acme', baseUrl: 'https://api.example', streams: { orders: stream } })).map(
    ({ path, says }) => `${dotted(path).replace('streams.orders.', '')}: ${says}`,
  );

describe('a definition with an export job', () => {
  test.each<[string, StreamInput]>([
    ['whose result has pages', pages],
    ['whose result has files', files],
    [
      'that is looked for, of a range of time',
      {
        ...files,
        incremental: { field: 'at', initial: '2020-01-01T00:00:00Z' },
        job: {
          ...job,
          create: { ...job.create, body: { name: '{key}', from: '{start}' } },
          find: { path: '/jobs?name={key}', id: 'items.0.id' },
          files: 'urls',
        },
      },
    ],
    [
      'that answers 202 while it is at work',
      { ...files, job: { create: job.create, poll: { path: '/{job}' }, files: 'f' } },
    ],
  ])('%s holds', (_, stream) => {
    expect(problems(stream)).toEqual([]);
  });

  test.each<[string, StreamInput, string]>([
    ['a result of no job', { ...pages, path: '/result' }, 'path: nothing in the request of the result says which job'],
    ['two ways to the result', { ...files, path: '/r/{job}' }, 'path: with job.files the answer of the poll says'],
    ['no way to the result', { ...base, job }, 'path: missing'],
    [
      'pages of a file',
      { ...files, pagination: { type: 'token', token: 'next', as: 'after' } },
      'pagination: a file of job.files has no pages',
    ],
    ['validators', { ...pages, conditional: true }, 'conditional: a job is ordered each time'],
    [
      'a state that never comes',
      { ...pages, job: { ...job, poll: { path: '/{job}', status: 'state' } } },
      'job.poll.done: missing',
    ],
    [
      'a state from nowhere',
      { ...pages, job: { ...job, poll: { path: '/{job}', done: ['x'] } } },
      "job.poll.status: missing; the path of the job's state",
    ],
    [
      'a bound as a parameter',
      { ...pages, incremental: { field: 'at', start: { as: 'since' } } },
      'incremental.start: a job has several requests; write {start}',
    ],
    [
      'an id before the order',
      { ...pages, job: { ...job, create: { ...job.create, path: '/jobs/{job}' } } },
      'job.create.path: nothing fills {job} before the job is ordered',
    ],
    [
      'a page of the order',
      { ...pages, job: { ...job, poll: { ...job.poll, path: '/{job}/{cursor}' } } },
      'job.poll.path: nothing fills {cursor} here',
    ],
    [
      'a search for something else',
      { ...files, job: { ...job, files: 'f', find: { path: '/jobs', id: '0.id' } } },
      'job.find: find looks for the job that was ordered with {key}',
    ],
    [
      'two bodies',
      { ...files, job: { ...job, files: 'f', create: { ...job.create, text: 'x' } } },
      'job.create.text: a request has one body',
    ],
    [
      'a GET with a body',
      { ...files, job: { ...job, files: 'f', create: { ...job.create, method: 'GET' } } },
      'job.create.method: a GET has no body',
    ],
    [
      'a key without a job',
      { ...base, path: '/orders/{key}' },
      'path: nothing fills {key}; it is the key of an export job',
    ],
  ])('is refused with %s', (_, stream, says) => {
    expect(problems(stream)).toContainEqual(expect.stringContaining(says));
  });
});
