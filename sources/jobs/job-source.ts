import { GiveUp } from '../../core/errors.ts';
import type { NextPage, Position } from '../../core/page.ts';
import type { PageRead, Source, SourceAnswer } from '../../core/source.ts';
import type { Partner, StreamDefinition } from '../../definitions/definition.ts';
import type { Job } from '../../definitions/job.ts';
import { inParts } from '../parts/in-parts.ts';
import {
  MOST_FILES,
  MOST_IN_VAIN,
  readState,
  writeState,
  type JobAtWork,
  type JobResult,
  type JobState,
} from './job-cursor.ts';
import { cancelRequest, createRequest, findRequest, pollRequest, resultRequest, type JobOf } from './job-requests.ts';
import { bodyOf, idIn, orderedId, readPoll } from './read-job.ts';

type Step = { readonly does: 'find'; readonly looked: number } | JobState;

/**
 * A stream whose records the partner prepares: the job is ordered, asked how far it is, and its result is read. Each of these is a page
 * of the listing, those before the result without records, so that a kill leaves the job where the ledger has it.
 */
export function jobSource(partner: Partner, stream: StreamDefinition, job: Job): Source {
  const of: JobOf = { partner, stream, job };
  const {
    packed: _packed,
    foresee: _foresee,
    counts: _counts,
    prepare,
    continues,
    takesLarge,
    ...result
  } = inParts(partner, stream);
  const step = (position: Position): Step => stepOf(job, position);
  const isResult = (position: Position): boolean => {
    const at = step(position);
    return !('does' in at) && at.step === 'result';
  };
  return {
    ...result,
    request: (position) => {
      const at = step(position);
      if ('does' in at) return findRequest(of, job.find as NonNullable<Job['find']>, position);
      if (at.step === 'create') return createRequest(of, position);
      return at.step === 'poll' ? pollRequest(of, at.id, position) : resultRequest(of, at, position);
    },
    prepare: async (answer, position) => {
      const at = position && step(position);
      return at === undefined || 'does' in at || at.step !== 'result'
        ? undefined
        : prepare?.(answer, { ...(position as Position), cursor: at.cursor });
    },
    continues: (position) => {
      const at = step(position);
      return !('does' in at) && at.step === 'result' && continues?.({ ...position, cursor: at.cursor }) === true;
    },
    read: (answer, position) => {
      const at = step(position);
      if ('does' in at) return found(job, at.looked, answer);
      if (at.step === 'create') return ordered(orderedId(job, answer, [stream.errorsAt].flat()), answer);
      return at.step === 'poll' ? polled(job, at, answer) : readResult(result, at, { answer, position });
    },
    packed: isResult,
    accepts: (position) => !isResult(position),
    ...(takesLarge === undefined ? {} : { takesLarge: isResult }),
    fleeting: (position) => {
      const at = step(position);
      return !('does' in at) && at.step === 'result' && at.files.length > 0;
    },
    abandon: (position) => {
      const at = readState(position.cursor);
      return job.cancel === undefined || at.step !== 'poll'
        ? undefined
        : cancelRequest(of, job.cancel, { id: at.id, position });
    },
    statesTotal: job.poll.total !== undefined,
  };
}

/** Addresses of files do not live long, so an earlier grant's are asked for anew; and what it ordered may be there already. */
function stepOf({ find }: Job, { cursor, resumed = false }: Position): Step {
  const state = readState(cursor);
  if (state.step === 'create')
    return find !== undefined && (cursor === null || resumed) ? { does: 'find', looked: state.looked } : state;
  return state.step === 'result' && state.files.length > 0 && resumed ? pollOf(state) : state;
}

const pollOf = ({ id, since, asked, inVain, read, cursor }: JobResult): JobAtWork => ({
  step: 'poll',
  id,
  since,
  asked,
  inVain,
  read,
  ...(cursor === null ? {} : { cursor }),
});

const leadingTo = (state: JobState, total: number | null = null): PageRead => ({
  records: [],
  next: { cursor: writeState(state), total },
});

function found({ find }: Job, looked: number, answer: SourceAnswer): PageRead {
  const id = idIn((find as NonNullable<Job['find']>).id, answer, bodyOf(answer));
  return id === undefined ? leadingTo({ step: 'create', looked: looked + 1 }) : ordered(id, answer);
}

const ordered = (id: string, { receivedAtMs = Date.now() }: SourceAnswer): PageRead =>
  leadingTo({ step: 'poll', id, since: receivedAtMs, asked: 0, inVain: 0, read: 0 });

function polled(job: Job, at: JobAtWork, answer: SourceAnswer): PageRead {
  const { files, total } = readPoll(job, at, answer);
  const { id, since, read, cursor = null } = at;
  const again = { id, since, read, asked: at.asked + 1, inVain: at.inVain + 1 };
  if (job.files === undefined) return leadingTo({ ...again, step: 'result', files: [], of: 1, cursor }, total);
  if (again.inVain > MOST_IN_VAIN)
    throw new GiveUp(`file ${read + 1} of the export job's result was refused ${MOST_IN_VAIN} times, at new addresses`);
  if (files.length <= read) return { records: [], next: { cursor: null, total, ...shrunk(files.length, read) } };
  const next = files.slice(read, read + MOST_FILES);
  return leadingTo({ ...again, step: 'result', files: next, of: files.length, cursor }, total);
}

/** Files that were read cannot be there no more without others being in their place. */
const shrunk = (of: number, read: number): Pick<NextPage, 'doubt'> =>
  of === read ? {} : { doubt: `the export job named ${of} files after ${read} of them were read` };

function readResult(
  result: Source,
  at: JobResult,
  { answer, position }: { readonly answer: SourceAnswer; readonly position: Position },
): PageRead {
  const page = result.read(answer, { ...position, cursor: at.cursor });
  // How many there are was said of the whole result, not of one of its pages.
  const { cursor, total: _total, ...next } = page.next;
  const following = followed(at, cursor);
  return { ...page, next: { ...next, cursor: following === undefined ? null : writeState(following), total: null } };
}

function followed(at: JobResult, cursor: string | null): JobState | undefined {
  if (cursor !== null) return { ...at, cursor, inVain: 0 };
  const read = at.read + 1;
  const files = at.files.slice(1);
  const done = { ...at, read, cursor: null, inVain: 0 };
  if (files.length > 0) return { ...done, files };
  return read < at.of ? pollOf(done) : undefined;
}
