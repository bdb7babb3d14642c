import { GiveUp, NotReady, RetryLater, StartAnew } from '../../core/errors.ts';
import { parseJson, valueAt } from '../../core/json.ts';
import type { SourceAnswer } from '../../core/source.ts';
import type { Job } from '../../definitions/job.ts';
import { errorsBeside } from '../declared/errors-beside.ts';
import { selectValues } from '../declared/select-values.ts';
import { askAgainAt } from './ask-again.ts';
import type { JobAtWork } from './job-cursor.ts';

/** What tells of a job is JSON, whatever its result is written in; an answer may say all by its status. */
export function bodyOf({ text, status }: SourceAnswer): unknown {
  if (text.trim() === '') return undefined;
  try {
    return parseJson(text);
  } catch {
    throw new RetryLater(`expected JSON that tells of an export job, found something else (status ${status})`);
  }
}

/** The id that an answer gives the job; undefined: none. */
export function idIn(id: Job['create']['id'], { headers }: SourceAnswer, body: unknown): string | undefined {
  const [found] = typeof id === 'string' ? selectValues(body, id) : [{ value: headers[id.header.toLowerCase()] }];
  const value = found?.value;
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Throws GiveUp: without its id nobody can ask for the job. */
export function orderedId({ create }: Job, answer: SourceAnswer, errorsAt: readonly string[]): string {
  const body = bodyOf(answer);
  const id = idIn(create.id, answer, body);
  if (id !== undefined) return id;
  const errors = errorsBeside(body, errorsAt, '');
  const at = typeof create.id === 'string' ? `at ${create.id}` : `in the header ${create.id.header}`;
  throw new GiveUp(
    `the answer to the order of an export job has no id ${at}${errors === undefined ? '' : `: ${errors}`}`,
  );
}

/** What a job that is done says of its result. */
export interface JobDone {
  /** Addresses of its files; none where the stream's own request reads the result. */
  readonly files: readonly string[];
  readonly total: number | null;
}

/** Throws NotReady while it is at work, GiveUp where it failed or takes too long, StartAnew where it is gone. */
export function readPoll(job: Job, at: JobAtWork, answer: SourceAnswer): JobDone {
  const { poll, maxWait } = job;
  const body = bodyOf(answer);
  const state = poll.status === undefined ? stateBy(answer) : valueAt(body, poll.status);
  const says = describe(at.id, state, poll.message === undefined ? undefined : valueAt(body, poll.message));
  const done = poll.done ?? [DONE];
  if (isAmong(poll.failed, state)) throw new GiveUp(`${says}: it failed`);
  if (isAmong(poll.expired, state)) throw new StartAnew(`${says}: it is gone`);
  if (isAmong(done, state)) return { files: filesIn(job, body), total: totalIn(poll.total, body) };
  if (state === undefined || state === null)
    throw new GiveUp(`the answer tells of an export job and has no state at ${poll.status}`);
  const { receivedAtMs = Date.now() } = answer;
  if (receivedAtMs - at.since >= maxWait)
    throw new GiveUp(`${says} after ${Math.round((receivedAtMs - at.since) / 60_000)} minutes: job.maxWait ends it`);
  throw new NotReady(says, { resumeAt: askAgainAt(poll, { since: at.since, receivedAtMs, answer, body }) });
}

const DONE = 'done';
const AT_WORK = 'at work';

function stateBy({ status }: SourceAnswer): string {
  return status === 202 ? AT_WORK : DONE;
}

const isAmong = (words: readonly (string | number | boolean)[], state: unknown): boolean =>
  words.some((word) => word === state || String(word) === shown(state));

function describe(id: string, state: unknown, message: unknown): string {
  const said = message === undefined || message === null || message === '' ? '' : ` (${shown(message)})`;
  return `export job ${shown(id)} is ${shown(state)}${said}`;
}

/** The partner's words, as long as a line may be. */
const shown = (value: unknown): string => {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  // oxlint-disable-next-line no-control-regex -- those would move the cursor of a terminal
  const line = text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ');
  return line.length <= 120 ? line : `${line.slice(0, 119)}…`;
};

function filesIn({ files }: Job, body: unknown): readonly string[] {
  if (files === undefined) return [];
  const found = selectValues(body, files).map(({ value }) => value);
  const addresses = found.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value]));
  // A result without a record has no file at many partners: then the place is null or an empty list.
  if (addresses.length === 1 && addresses[0] === null) return [];
  return addresses.map((address) => {
    if (typeof address === 'string' && address !== '') return address;
    throw new GiveUp(`the export job is done, and the address of a file of its result is not at ${files}`);
  });
}

function totalIn(path: string | undefined, body: unknown): number | null {
  if (path === undefined) return null;
  const value = Number(valueAt(body, path) ?? Number.NaN);
  return Number.isSafeInteger(value) && value >= 0 ? value : null;
}
