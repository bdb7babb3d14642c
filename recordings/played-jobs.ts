import type { FaultKind } from './faults.ts';
import { TOKENS, type JobStep } from './job-step.ts';
import type { Asked } from './match.ts';
import type { Played } from './respond.ts';

/** An export job that was ordered. */
interface PlayedJob {
  readonly id: string;
  polls: number;
  state: 'at work' | 'failed' | 'expired';
}

export interface JobAnswer {
  readonly played: Played;
  /** undefined: it has no place here. */
  readonly fault: FaultKind | undefined;
  /** A job was ordered that there was not before. */
  readonly isOrder: boolean;
}

/** So many polls find a job at work. */
const AT_WORK = 2;

/** Mistakes in records have no place in an answer that tells of a job, and an older one would be that of another job. */
const ofRecords: readonly FaultKind[] = ['doubled', 'field', 'short', 'malformed', 'again'];
/** Whoever is refused so has ordered nothing. */
const refusing: readonly FaultKind[] = ['error', 'throttle'];

const refused: Played = { status: 403, headers: {}, texts: ['this address is no longer valid'], packed: undefined };
const unknown: Played = { status: 404, headers: {}, texts: ['there is no such job'], packed: undefined };

/** The jobs that a partner who is played has: the same key orders the same job, and each is at work for some polls. */
export class PlayedJobs {
  /** By token and key. */
  readonly #byKey = new Map<string, PlayedJob>();
  readonly #byId = new Map<string, PlayedJob>();
  /** Tokens of which a job has expired since the faults were planned: another one is ordered once. */
  readonly #expired = new Set<string>();

  /** Other faults are planned from now on. */
  begin(): void {
    this.#expired.clear();
  }

  /** The request as it was generated, and the id that it names. */
  static plain(asked: Asked): { readonly asked: Asked; readonly id: string | undefined } {
    const { sent = {} } = asked;
    const texts = [asked.path, ...asked.query.map(([, value]) => value), asked.body ?? '', ...Object.values(sent)];
    const [id] = texts.flatMap((text) => [...text.matchAll(TOKENS)].map(([found]) => found));
    return {
      id,
      asked: {
        ...asked,
        path: token(asked.path),
        query: asked.query.map(([name, value]) => [name, token(value)] as const),
        body: asked.body === null ? null : token(asked.body),
        sent: Object.fromEntries(Object.entries(sent).map(([name, value]) => [name, token(value)])),
      },
    };
  }

  /** `found`: the answer as it was generated. */
  answer(
    step: JobStep,
    found: Played,
    {
      asked,
      id,
      headers,
      fault,
    }: {
      readonly asked: Asked;
      readonly id: string | undefined;
      readonly headers: Readonly<Record<string, string | string[] | undefined>>;
      readonly fault: FaultKind | undefined;
    },
  ): JobAnswer {
    if (step.step === 'create') {
      const key = String(headers[step.keyHeader] ?? '');
      const place = `${step.token} ${key}`;
      const known = this.#byKey.get(place);
      if (fault !== undefined && refusing.includes(fault)) return { played: found, fault, isOrder: false };
      const job = known ?? this.#order(step.token, place);
      return { played: withId(found, step.token, job), fault: ofStep(fault), isOrder: known === undefined };
    }
    if (step.step === 'find') {
      const text = `${JSON.stringify(asked.query)} ${asked.body ?? ''} ${asked.path}`;
      const [, job] = [...this.#byKey].find(([place]) => text.includes(place.slice(step.token.length + 1))) ?? [];
      const played = job === undefined ? found : withId({ ...found, texts: [step.found] }, step.token, job);
      return { played, fault: ofStep(fault), isOrder: false };
    }
    const job = id === undefined ? undefined : this.#byId.get(id);
    if (job === undefined) return { played: unknown, fault: undefined, isOrder: false };
    if (step.step === 'poll') return this.#polled(step, found, { job, fault });
    if (step.step === 'result' && step.isFile && fault === 'expired') return { played: refused, fault, isOrder: false };
    return {
      played: withId(found, step.token, job),
      fault: step.step === 'result' ? ofResult(fault) : ofStep(fault),
      isOrder: false,
    };
  }

  #order(token: string, place: string): PlayedJob {
    const job: PlayedJob = { id: `${token}-${this.#byId.size + 1}`, polls: 0, state: 'at work' };
    this.#byKey.set(place, job);
    this.#byId.set(job.id, job);
    return job;
  }

  #polled(
    { token, running, failed, expired }: Extract<JobStep, { step: 'poll' }>,
    found: Played,
    { job, fault }: { readonly job: PlayedJob; readonly fault: FaultKind | undefined },
  ): JobAnswer {
    const before = job.state;
    if (fault === 'failed' && failed !== undefined) job.state = 'failed';
    if (fault === 'expired' && expired !== undefined && !this.#expired.has(token)) {
      job.state = 'expired';
      this.#expired.add(token);
    }
    if (fault === undefined || !refusing.includes(fault)) job.polls += 1;
    const ended = job.state === 'failed' ? failed : job.state === 'expired' ? expired : undefined;
    const isRunning = job.polls <= AT_WORK;
    const played =
      ended !== undefined
        ? { ...found, texts: [ended] }
        : isRunning
          ? { ...found, status: running.status, texts: [running.text] }
          : found;
    const applied =
      fault === 'failed' || fault === 'expired' ? (job.state === before ? undefined : fault) : ofStep(fault);
    return { played: withId(played, token, job), fault: applied, isOrder: false };
  }
}

const token = (text: string): string => text.replaceAll(TOKENS, '$1');

const ofStep = (fault: FaultKind | undefined): FaultKind | undefined =>
  fault === undefined || ofRecords.includes(fault) ? undefined : ofResult(fault);
const ofResult = (fault: FaultKind | undefined): FaultKind | undefined =>
  fault === 'failed' || fault === 'expired' ? undefined : fault;

function withId({ headers, texts, ...played }: Played, token: string, { id }: PlayedJob): Played {
  const put = (text: string): string => text.replaceAll(token, id);
  return {
    ...played,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, put(value)])),
    texts: texts.map(put),
  };
}
