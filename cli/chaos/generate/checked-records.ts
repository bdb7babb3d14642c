import { isDeepStrictEqual } from 'node:util';
import { GiveUp, RetryLater } from '../../../core/errors.ts';
import type { RejectedRecord } from '../../../core/staged.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { recordInput } from '../../../definitions/record-schema.ts';
import { withParents } from '../../../records/received.ts';
import { rowTexts } from '../../../records/row-texts.ts';
import { randomOf } from '../../../simulator/random.ts';
import type { StreamWriter } from './formats/stream-writer.ts';
import { CannotGenerate } from './cannot-generate.ts';
import { isOptional } from './is-optional.ts';
import { recordOf, type Made, type Wanted } from './record-of.ts';

/** A record that fits its stream. */
export interface Checked {
  /** As the partner sends it. */
  readonly sent: Made;
  /** With what is included of its parent. */
  readonly complete: Made;
  /** Tells it from others: its key, or all that it holds. */
  readonly identity: string;
}

export interface Listing {
  readonly count: number;
  /** Of the call that lists them; empty without a parent. */
  readonly parents: readonly string[];
  readonly seed: readonly number[];
  readonly askedBy: readonly string[];
  readonly writer: StreamWriter;
  readonly given: (index: number) => Wanted['given'];
  /** Identities of records that were made before. */
  readonly taken: Set<string>;
  /** Keys go on from here. */
  readonly from: number;
  /** How many records come a second time, as an older version. */
  readonly older: number;
}

const TRIES = 12;

/** So many records, each with a key of its own, and then older versions of some: half of them before all others, half of them behind. */
export async function checkedRecords(stream: CompiledStream, listing: Listing): Promise<readonly Checked[]> {
  const { count, taken, from } = listing;
  const all: Checked[] = [];
  for (let index = from; index < from + count; index++) {
    const made = await oneOf(stream, listing, { index, age: count + index - from });
    // The key has no more values.
    if (made === undefined) break;
    taken.add(made.identity);
    all.push(made);
  }
  const before: Checked[] = [];
  const behind: Checked[] = [];
  for (let i = 0; i < Math.min(listing.older, all.length); i++) {
    const made = await fitting(stream, listing, { index: from + i, age: i });
    if (made?.identity === all[i]?.identity && made !== undefined) (i % 2 === 0 ? before : behind).push(made);
  }
  return [...before, ...all, ...behind];
}

/** undefined: each try had the key of another record. */
async function oneOf(
  stream: CompiledStream,
  listing: Listing,
  place: Pick<Wanted, 'index' | 'age'>,
): Promise<Checked | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const made = await fitting(stream, listing, place, attempt);
    if (made === undefined || !listing.taken.has(made.identity)) return made;
  }
  return undefined;
}

async function fitting(
  stream: CompiledStream,
  { seed, askedBy, given, parents, writer }: Listing,
  { index, age }: Pick<Wanted, 'index' | 'age'>,
  attempt = 0,
): Promise<Checked> {
  let reason = '';
  const left = new Set<string>();
  for (let again = 0; again < TRIES; again++) {
    const random = randomOf(...seed, index, age, attempt, again);
    const made = recordOf(stream, { index, age, askedBy, given: given(index), kind: writer.kind }, random);
    for (const name of left) Reflect.deleteProperty(made, name);
    const sent = writer.fit(made);
    const found = await checked(stream, { sent, writer, parents });
    if (!('path' in found)) return found;
    reason = found.path === '' ? found.reason : `${found.path}: ${found.reason}`;
    // What need not be there is left out where its values do not fit.
    const [top = ''] = found.path.split('.');
    if (again > TRIES / 2 && !inKey(stream, top) && isOptional(recordInput(stream.definition.schema), top))
      left.add(top);
  }
  throw new CannotGenerate(`no record was found that fits it (${reason})`);
}

type Problem = Pick<RejectedRecord, 'path' | 'reason'>;

/** What is checked is what is read of the answer, and it has to mean what was made. */
async function checked(
  stream: CompiledStream,
  {
    sent,
    writer,
    parents,
  }: { readonly sent: Made; readonly writer: StreamWriter; readonly parents: readonly string[] },
): Promise<Checked | Problem> {
  const read = readBack(writer, sent);
  if ('reason' in read) return read;
  const complete = withParents(stream)(read.record, parents) as Made;
  const original = withParents(stream)(sent, parents) as Made;
  const payload = JSON.stringify(read.record);
  const { rows, rejected } = await rowTexts(
    stream,
    [complete, ...(read.record === sent ? [] : [original])].map((record) => ({ record, payload, ascii: false })),
  );
  const [bad] = rejected;
  const [row, of = row] = rows;
  if (bad !== undefined || row === undefined || of === undefined) return bad ?? { path: '', reason: 'it has no row' };
  if (stream.isDelete?.(complete) === true) return { path: '', reason: 'each record says that it is gone' };
  const differing = stream.columns.find((_, i) => !isSame(row.values[i], of.values[i]));
  if (differing !== undefined)
    return { path: differing.path.join('.'), reason: 'the format of the answers does not keep its value' };
  const key = stream.definition.disposition === 'append' ? null : row.key;
  return { sent, complete, identity: key ?? payload };
}

function readBack(writer: StreamWriter, sent: Made): { readonly record: unknown } | Problem {
  try {
    const record = writer.readBack(sent);
    return record === undefined ? { path: '', reason: 'the format of the answers cannot hold its values' } : { record };
  } catch (error) {
    if (!(error instanceof RetryLater || error instanceof GiveUp)) throw error;
    return { path: '', reason: error.message };
  }
}

/** Objects hold the same in whichever order. */
function isSame(one: string | null | undefined, other: string | null | undefined): boolean {
  const isObject = typeof one === 'string' && typeof other === 'string' && /^[[{]/.test(one) && /^[[{]/.test(other);
  return one === other || (isObject && isDeepStrictEqual(JSON.parse(one), JSON.parse(other)));
}

const inKey = ({ keyColumns }: CompiledStream, name: string): boolean =>
  keyColumns.some(({ path }) => path[0] === name);
