import { createHash } from 'node:crypto';
import { firstPosition } from '../../../activities/check/first-position.ts';
import { DAY } from '../../../core/duration.ts';
import { valueAt } from '../../../core/json.ts';
import type { Position } from '../../../core/page.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { parentFields } from '../../../definitions/mentions.ts';
import { fieldsBy } from '../../../definitions/requires.ts';
import { tokenOf } from '../../../recordings/job-step.ts';
import type { Asked } from '../../../recordings/match.ts';
import type { Exchange } from '../../../recordings/recording.ts';
import type { Written } from '../../../recordings/written.ts';
import { sourceOf } from '../../../sources/source-of.ts';
import { CannotGenerate, reasonAgainst } from './cannot-generate.ts';
import { checkedRecords, type Checked, type Listing } from './checked-records.ts';
import { streamWriter } from './formats/stream-writer.ts';
import { KEY } from './job-answers.ts';
import { askedBy, exchangesOf, MOST_REQUESTS, TOO_MANY } from './listing.ts';

export interface Generating {
  /** Records of a stream, at most. */
  readonly records: number;
  /** The same seed gives the same answers. */
  readonly seed: number;
  /** Epoch ms: what is asked for up to the present ends there. */
  readonly nowMs: number;
}

/** A stream with all that its partner would answer. */
export interface MadeStream {
  readonly stream: CompiledStream;
  readonly records: readonly Checked[];
  readonly exchanges: readonly Exchange[];
  readonly written: Written;
  /** What a later run asks first, and what it has to be answered with. */
  readonly later: readonly { readonly asked: Asked; readonly first: Exchange }[];
  /** Its key has no more values. */
  readonly isShort: boolean;
}

export interface Making {
  readonly streams: ReadonlyMap<string, CompiledStream>;
  readonly options: Generating;
  /** Another stream, whose records are needed for this one. */
  readonly read: (stream: string) => Promise<MadeStream>;
}

/** Streams that others are asked for by have no more records: each of them is a request, or several. */
const PARENTS = 8;
/** One record in so many comes in two versions, where the definition tells them apart. */
const VERSIONS = 10;

/** Throws CannotGenerate. */
export async function makeStream(stream: CompiledStream, { streams, options, read }: Making): Promise<MadeStream> {
  const reason = reasonAgainst(stream);
  if (reason !== undefined) throw new CannotGenerate(reason);
  const children = [...streams.values()].filter(({ definition }) => definition.parent?.stream === stream.name);
  const given = await givenBy(stream, read);
  const { positions } = await firstPosition(stream, {
    nowMs: options.nowMs,
    parents: async (name) => ({
      received: (await read(name)).records.map(({ complete }) => ({ record: complete, payload: '', ascii: false })),
    }),
    most: MOST_REQUESTS,
  });
  const writer = streamWriter(stream, [options.seed, numberOf(stream.name)]);
  const different = [...new Map(positions.map((one) => [JSON.stringify(one.parents), one])).values()];
  const count = children.length > 0 ? Math.min(options.records, PARENTS) : options.records;
  const each = Math.max(1, Math.ceil(count / different.length));
  const usual: Omit<Listing, 'count' | 'parents' | 'seed' | 'from'> = {
    askedBy: children.flatMap(({ definition }) => parentFields(definition)),
    given,
    writer,
    taken: new Set<string>(),
    older: children.length === 0 && comesAgain(stream) ? Math.floor(each / VERSIONS) : 0,
  };
  const records: Checked[] = [];
  const exchanges: Exchange[] = [];
  const later: MadeStream['later'][number][] = [];
  let isShort = false;
  for (const [i, position] of different.entries()) {
    // The last parent has no children, as some have not.
    const wanted = different.length > 2 && i === different.length - 1 ? 0 : each;
    const listed = await checkedRecords(stream, {
      ...usual,
      count: wanted,
      parents: position.parents,
      seed: [options.seed, numberOf(stream.name), i],
      from: numbersAnew(stream) ? 0 : i * each,
    });
    isShort ||= new Set(listed.map(({ identity }) => identity)).size < wanted;
    records.push(...listed);
    const keyed = stream.definition.job === undefined ? position : { ...position, key: KEY };
    const own = await exchangesOf(stream, keyed, { records: listed, writer, token: tokenOf(hashOf(stream.name), i) });
    exchanges.push(...own);
    later.push({ asked: laterAsked(stream, keyed), first: own[0] as Exchange });
    if (exchanges.length > MOST_REQUESTS) throw new CannotGenerate(TOO_MANY);
  }
  return { stream, records, exchanges, isShort, written: writer.written, later };
}

/** The first request of another run: its times and the key of its order are others. */
function laterAsked(stream: CompiledStream, position: Position): Asked {
  const { range, key } = position;
  return askedBy(
    stream,
    sourceOf(stream).request({
      ...position,
      range: range === null ? null : { from: moved(range.from), to: moved(range.to) },
      ...(key === undefined ? {} : { key: `${key}-later` }),
    }),
  );
}

const moved = (iso: string): string => new Date(Date.parse(iso) + DAY).toISOString();

/** Each parent numbers its records from 1: the key has a field of the parent. */
function numbersAnew({ definition, keyColumns }: CompiledStream): boolean {
  const { include } = definition.parent ?? {};
  const names = typeof include === 'object' ? Object.values(include) : [include];
  return keyColumns.some(({ path }) => names.includes(path.join('.')));
}

/** Only where a version means something; in a listing that is counted an older one would push others away. */
function comesAgain({ definition }: CompiledStream): boolean {
  const { version, primaryKey, disposition, immutable, pagination } = definition;
  const isCounted = pagination.type === 'offset' || pagination.type === 'page' || pagination.type === 'keyset';
  const outsideKey = version.some((name) => !primaryKey.includes(name));
  return outsideKey && primaryKey.length > 0 && disposition === 'merge' && immutable !== true && !isCounted;
}

/** Values of the records that a stream needs, by the number of its own record. */
async function givenBy({ name, definition }: CompiledStream, read: Making['read']): Promise<Listing['given']> {
  const needs: { readonly by: readonly string[]; readonly tuples: readonly (readonly unknown[])[] }[] = [];
  for (const need of Object.values(definition.requires ?? {})) {
    if (need.stream === name) throw new CannotGenerate('its records need others of the same stream');
    const { stream, records } = await read(need.stream);
    const fields = need.field === undefined ? stream.definition.primaryKey : [need.field];
    const tuples = records.map(({ complete }) => fields.map((field) => valueAt(complete, field)));
    needs.push({ by: fieldsBy(need), tuples: tuples.filter((values) => !values.includes(undefined)) });
  }
  return (index) =>
    new Map(
      needs.flatMap(({ by, tuples }) => by.map((field, i) => [field, tuples[index % tuples.length]?.[i]] as const)),
    );
}

/** Streams have values of their own. */
const hashOf = (name: string): string => createHash('sha256').update(name).digest('hex');
const numberOf = (name: string): number => Buffer.from(hashOf(name), 'hex').readInt32BE();
