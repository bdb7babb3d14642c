import { createHash } from 'node:crypto';
import { assertNever } from '../../core/assert-never.ts';
import { writeExactly } from '../../core/exact-json.ts';
import { parseJson } from '../../core/json.ts';
import type { Answer, PageRequest, Position } from '../../core/page.ts';
import type { Source } from '../../core/source.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Job } from '../../definitions/job.ts';
import { atWork } from '../../recordings/at-work.ts';
import { tokenOf, type JobStep } from '../../recordings/job-step.ts';
import { ORIGIN, type Exchange } from '../../recordings/recording.ts';
import { selectValues } from '../../sources/declared/select-values.ts';
import { readState, writeState } from '../../sources/jobs/job-cursor.ts';
import { placeIn } from '../../sources/jobs/job-place.ts';
import { sourceOf } from '../../sources/source-of.ts';
import type { Look } from './asker.ts';
import type { JobLooks } from './follow-job.ts';

/** How answers and requests are kept, without what nobody may see. */
export interface JobKeeping {
  readonly asked: (
    position: Position,
    request?: (position: Position) => PageRequest,
  ) => Pick<Exchange, 'method' | 'path' | 'query' | 'body' | 'sent'>;
  readonly headers: (headers: Answer['headers']) => Exchange['headers'];
  /** A text that tells of a job. */
  readonly told: (text: string) => string;
  /** A page of the result, or a file of it. */
  readonly result: (look: Look) => Pick<Exchange, 'status' | 'headers' | 'text' | 'packed' | 'files'>;
}

/** The fields of answers that a job is followed by: they are no data of a person, whatever they are called. */
export function fieldsOfJob({ create, find, poll, files }: Job): readonly string[] {
  const paths = [create.id, find?.id, poll.status, poll.total, poll.wait, files];
  return paths.flatMap((path) => (typeof path === 'string' ? path.split('.') : []));
}

/**
 * A job as it is played: its id is a token, and its files have addresses of whoever plays it. What did not come, such as that it has failed, is made
 * from what came.
 */
export function jobExchanges(
  stream: CompiledStream,
  { looks, running, found }: JobLooks,
  { index, keeping }: { readonly index: number; readonly keeping: JobKeeping },
): Exchange[] {
  const job = stream.definition.job as Job;
  const token = tokenOf(createHash('sha256').update(stream.name).digest('hex'), index);
  const { origin } = new URL(stream.partner.baseUrl);
  const played = job.poll.path === undefined ? `${origin}/jobs/${token}` : token;
  const { id = '' } = looks.map(({ page }) => idIn(page.next.cursor)).find((each) => each.id !== undefined) ?? {};
  const source = sourceOf(stream);
  const done = looks.find(({ position }) => placeIn(job, position).step === 'poll');
  const addresses = done === undefined || job.files === undefined ? [] : addressesIn(done.answer.text, job.files);
  const naming = { id, played, token, addresses, origin };
  const told = (
    text: string,
    values: readonly (readonly [path: string | undefined, value: unknown])[] = [],
  ): string => {
    return keeping.told(changedJson(text, (value) => nameless(value, naming), values));
  };
  const seen = new Set<string>();
  return looks.flatMap((look): Exchange[] => {
    const { position, answer } = look;
    const place = placeIn(job, position);
    if (place.step !== 'result') {
      // Later answers say the same of the job.
      if (seen.has(place.step)) return [];
      seen.add(place.step);
    }
    const base = { status: answer.status, headers: keeping.headers(answer.headers) };
    const exchange = (text: string, step: JobStep): Exchange => ({
      ...keeping.asked(asPlayed(position, played)),
      ...base,
      text,
      job: step,
    });
    switch (place.step) {
      case 'find': {
        const at = typeof job.find?.id === 'string' ? job.find.id : undefined;
        return [
          exchange(told(answer.text), { step: 'find', token, found: told(found?.text ?? answer.text, [[at, played]]) }),
        ];
      }
      case 'create': {
        const { id: at } = job.create;
        const made = exchange(told(answer.text, [[typeof at === 'string' ? at : undefined, played]]), {
          step: 'create',
          token,
          keyHeader: job.keyHeader.toLowerCase(),
        });
        return typeof at === 'string'
          ? [made]
          : [{ ...made, headers: { ...made.headers, [at.header.toLowerCase()]: played.replaceAll(origin, ORIGIN) } }];
      }
      case 'poll': {
        const { 'retry-after': _wait, ...headers } = base.headers;
        const step = pollStep(stream, { token, told, done: answer.text, running: running?.text });
        return [
          { ...exchange(told(answer.text), step), headers },
          ...ended(source, { position: asPlayed(position, played), keeping, token }),
        ];
      }
      case 'result': {
        const isFile = place.file !== undefined;
        const asked = isFile
          ? { method: 'GET', path: `/files/${token}/${(place.file ?? 0) + 1}`, query: [], body: null }
          : keeping.asked(asPlayed(position, played));
        return [{ ...asked, ...keeping.result(look), job: { step: 'result', token, isFile } }];
      }
      default:
        return assertNever(place);
    }
  });
}

function pollStep(
  { definition, keyColumns }: CompiledStream,
  {
    token,
    told,
    done,
    running,
  }: {
    readonly token: string;
    readonly told: (text: string, values?: readonly (readonly [string | undefined, unknown])[]) => string;
    readonly done: string;
    readonly running: string | undefined;
  },
): JobStep {
  const job = definition.job as Job;
  const { status, failed, expired, wait, total } = job.poll;
  const [failure, gone] = [failed[0], expired[0]];
  const at = running ?? done;
  const said = (state: unknown): string => told(at, [[status, state]]);
  const waits = wait === undefined ? [] : ([[wait, 0]] as const);
  return {
    step: 'poll',
    token,
    running: {
      status: status === undefined ? 202 : 200,
      text: told(at, [...(running === undefined ? ([[status, atWork(job)]] as const) : []), ...waits]),
    },
    ...(failure === undefined || status === undefined ? {} : { failed: said(failure) }),
    ...(gone === undefined || status === undefined || keyColumns.length === 0 ? {} : { expired: said(gone) }),
    ...(total === undefined ? {} : { total }),
  };
}

/** Whoever ends a job at work is told that it has ended. */
function ended(
  { abandon }: Source,
  { position, keeping, token }: { readonly position: Position; readonly keeping: JobKeeping; readonly token: string },
): Exchange[] {
  if (abandon?.(position) === undefined) return [];
  const asked = keeping.asked(position, (at) => abandon(at) as PageRequest);
  return [{ ...asked, status: 204, headers: {}, text: '', job: { step: 'cancel', token } }];
}

/** The key is another one in each run, so it tells no jobs apart. */
const KEY = 'a-key-of-an-order';

function asPlayed(position: Position, id: string): Position {
  const { cursor } = position;
  const state = cursor === null ? undefined : readState(cursor);
  const named = state === undefined || !('id' in state) ? cursor : writeState({ ...state, id });
  return { ...position, cursor: named, key: KEY };
}

function idIn(cursor: string | null): { readonly id?: string } {
  const state = cursor === null ? undefined : readState(cursor);
  return state !== undefined && 'id' in state ? { id: state.id } : {};
}

function addressesIn(text: string, files: string): readonly string[] {
  const found = selectValues(parseJson(text), files).map(({ value }) => value);
  return found.flatMap((value) => (Array.isArray(value) ? (value as unknown[]) : [value])).map(String);
}

/** Shorter ids are found in what is no id. */
const TELLING = 6;

interface Naming {
  readonly id: string;
  readonly played: string;
  readonly token: string;
  readonly addresses: readonly string[];
  readonly origin: string;
}

/** Addresses may be signed: those of files lead to whoever plays them, and others nowhere. */
function nameless(text: string, { id, played, token, addresses, origin }: Naming): string {
  if (text === id) return played;
  const file = addresses.indexOf(text);
  if (file !== -1) return `${origin}/files/${token}/${file + 1}`;
  const shown = text.replaceAll(/https?:\/\/[^\s"'<>]+/g, (address) => {
    const isOwn = URL.canParse(address) && new URL(address).origin === origin;
    return isOwn ? address.replace(/[?#].*$/, '') : NOWHERE;
  });
  return id.length < TELLING ? shown : shown.replaceAll(id, token);
}

/** RFC 6761 §6.4. */
const NOWHERE = 'https://address.invalid/';

/** JSON with other texts, and other values where paths lead. */
function changedJson(
  text: string,
  change: (value: string) => string,
  values: readonly (readonly [path: string | undefined, value: unknown])[],
): string {
  if (text.trim() === '') return text;
  const make = (value: unknown, mark?: string): unknown =>
    values.reduce<unknown>(
      (made, [path, to]) => (path === undefined ? made : withAt(made, path.split('.'), to)),
      changed(value, change, mark),
    );
  return writeExactly(text, (value, mark) => [make(value, mark)])?.[0] ?? JSON.stringify(make(JSON.parse(text)));
}

function changed(value: unknown, change: (value: string) => string, mark: string | undefined): unknown {
  if (typeof value === 'string') return mark !== undefined && value.startsWith(mark) ? value : change(value);
  if (Array.isArray(value)) return value.map((item) => changed(item, change, mark));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [change(name), changed(inner, change, mark)]));
}

/** Of several that a `*` leads to, the first. */
function withAt(value: unknown, [name, ...rest]: readonly string[], to: unknown): unknown {
  if (name === undefined) return to;
  const step = name === '*' ? '0' : name;
  if (Array.isArray(value)) return value.map((item, i) => (String(i) === step ? withAt(item, rest, to) : item));
  const object = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  return { ...object, [step]: withAt(object[step], rest, to) };
}
