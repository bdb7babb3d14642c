import type { StreamDefinition } from './definition.ts';
import type { Job, JobRequest } from './job.ts';
import type { Path, Problem } from './problem.ts';
import { parseTemplate, placeholdersIn } from './template.ts';
import { jobSteps, templatesOf } from './templates-of.ts';

/** Whether an export job can be ordered, asked and read as the definition says. */
export function checkJob(stream: StreamDefinition, path: Path): readonly Problem[] {
  const { job } = stream;
  if (job === undefined) return [];
  const at = [...path, 'job'];
  return [
    ...checkResult(stream, job, path),
    ...checkParameters(stream, path),
    ...checkPoll(job, [...at, 'poll']),
    ...checkKey(stream, job, at),
    ...jobSteps(job).flatMap(([name, step]) => checkBodies(step, [...at, name])),
  ];
}

/** The result is read by the stream's own request, or file by file. */
function checkResult(stream: StreamDefinition, { files }: Job, path: Path): Problem[] {
  const { pagination, source, conditional } = stream;
  const problems: Problem[] = [];
  const refuse = (name: string, says: string): void => void problems.push({ path: [...path, name], says });
  if (source !== undefined)
    refuse('job', 'the stream has a source, which makes all requests; leave one of the two out');
  if (conditional) refuse('conditional', 'a job is ordered each time, so nothing is left to be asked; leave it out');
  if ('keep' in pagination && pagination.keep !== undefined)
    refuse('pagination', 'what a job lists ends with it, so no cursor can be kept; leave keep out');
  if (files === undefined) {
    if (source === undefined && stream.path !== undefined && !namesJob(stream))
      refuse(
        'path',
        'nothing in the request of the result says which job; write {job} where its id belongs, or job.files',
      );
    return problems;
  }
  if (stream.path !== undefined)
    refuse('path', 'with job.files the answer of the poll says where the result is; leave one of the two out');
  if (pagination.type !== 'none') refuse('pagination', 'a file of job.files has no pages; leave pagination out');
  return problems;
}

/** Of several requests nobody could tell which one a parameter belongs to. */
function checkParameters({ incremental, parent }: StreamDefinition, path: Path): Problem[] {
  const bounds = (['start', 'end'] as const).filter((name) => incremental?.[name] !== undefined);
  const problems = bounds.map((name) => ({
    path: [...path, 'incremental', name],
    says: `a job has several requests; write {${name}} where it belongs in job.create, and leave this out`,
  }));
  return parent?.as === undefined || parent.in === 'path'
    ? problems
    : [
        ...problems,
        {
          path: [...path, 'parent', 'as'],
          says: `a job has several requests; write {parent.${parent.field ?? 'FIELD'}} where it belongs in job.create, and leave this out`,
        },
      ];
}

function checkPoll({ poll }: Job, path: Path): Problem[] {
  if (poll.status !== undefined && poll.done === undefined)
    return [{ path: [...path, 'done'], says: 'missing; the states in which the result is ready, such as [completed]' }];
  const words = poll.done !== undefined || poll.failed.length > 0 || poll.expired.length > 0;
  return poll.status === undefined && words
    ? [{ path: [...path, 'status'], says: "missing; the path of the job's state in the answer" }]
    : [];
}

/** What is looked for has to be what was ordered. */
function checkKey(stream: StreamDefinition, { find }: Job, path: Path): Problem[] {
  if (find === undefined) return [];
  return ['create', 'find'].flatMap((name) =>
    namesIn(stream, name).includes('key')
      ? []
      : [
          {
            path: [...path, name],
            says: 'find looks for the job that was ordered with {key}; write {key} into a field of create, and into find',
          },
        ],
  );
}

function checkBodies(step: JobRequest, path: Path): Problem[] {
  const bodies = (['body', 'form', 'text', 'graphql'] as const).filter((name) => step[name] !== undefined);
  const [, second] = bodies;
  if (second !== undefined)
    return [{ path: [...path, second], says: `a request has one body, found ${bodies.join(' and ')}; leave one out` }];
  return step.method === 'GET' && bodies[0] !== undefined && bodies[0] !== 'graphql'
    ? [{ path: [...path, 'method'], says: 'a GET has no body; write method: POST, or leave the body out' }]
    : [];
}

const namesJob = (stream: StreamDefinition): boolean => namesIn(stream, undefined).includes('job');

/** Placeholders in a step of the job; undefined: in the stream's own request. */
const namesIn = (stream: StreamDefinition, step: string | undefined): readonly string[] =>
  templatesOf(stream)
    .filter(({ path }) => (step === undefined ? path[0] !== 'job' : path[0] === 'job' && path[1] === step))
    .flatMap(({ text, kind }) => placeholdersIn(parseTemplate(text, kind) ?? []).map(({ name }) => name));
