import { isDeepStrictEqual } from 'node:util';
import { explain, GiveUp, InvalidInput } from '../../../core/errors.ts';
import type { CompiledStream } from '../../../definitions/compiled.ts';
import { isPushOnly } from '../../../definitions/push.ts';
import { matcher } from '../../../recordings/match.ts';
import type { Exchange, Recording } from '../../../recordings/recording.ts';
import { CannotGenerate } from './cannot-generate.ts';
import { makeStream, type Generating, type MadeStream } from './make-stream.ts';

export interface LeftOut {
  readonly stream: string;
  /** For a person. */
  readonly reason: string;
}

export interface Generated {
  readonly recordings: readonly Recording[];
  readonly leftOut: readonly LeftOut[];
  /** Streams with fewer records than were asked for: their keys have no more values. */
  readonly short: readonly string[];
}

/** What a partner would answer which does all that the definition says, as if it had been recorded. Nobody is asked. */
export async function generate(streams: ReadonlyMap<string, CompiledStream>, options: Generating): Promise<Generated> {
  const made = new Map<string, Promise<MadeStream>>();
  const make = (name: string, above: readonly string[]): Promise<MadeStream> => {
    const stream = streams.get(name);
    if (stream === undefined) throw new CannotGenerate(`there is no stream ${name}`);
    if (above.includes(name)) throw new CannotGenerate(`its records need each other: ${[...above, name].join(', ')}`);
    const known = made.get(name) ?? makeStream(stream, { streams, options, read: needed([...above, name]) });
    made.set(name, known);
    return known;
  };
  const needed =
    (above: readonly string[]) =>
    async (name: string): Promise<MadeStream> => {
      try {
        return await make(name, above);
      } catch (error) {
        throw isReason(error) ? new CannotGenerate(without(name), { cause: error }) : error;
      }
    };
  const kept: MadeStream[] = [];
  const reasons = new Map<string, string>();
  for (const { name, definition } of streams.values()) {
    if (isPushOnly(definition)) continue;
    try {
      const one = await make(name, []);
      if (areTold([...kept, one])) kept.push(one);
      else reasons.set(name, 'its requests cannot be told apart by path, query, headers and body');
    } catch (error) {
      if (!isReason(error)) throw error;
      reasons.set(name, error instanceof CannotGenerate ? error.message : explain(error));
    }
  }
  const able = withNeeded(kept, reasons);
  return {
    recordings: able.map((one) => recordingOf(one, options)),
    leftOut: [...reasons].map(([stream, reason]) => ({ stream, reason })),
    short: able.flatMap(({ stream, isShort }) => (isShort ? [stream.name] : [])),
  };
}

const without = (name: string): string => `it needs ${name}, which is left out`;

/** Those whose parents and needed streams are there; the others get a reason. */
function withNeeded(kept: readonly MadeStream[], reasons: Map<string, string>): readonly MadeStream[] {
  const able = kept.filter(({ stream: { name, definition } }) => {
    const needs = Object.values(definition.requires ?? {}).map(({ stream }) => stream);
    const lacking = [definition.parent?.stream, ...needs].find((one) => one !== undefined && reasons.has(one));
    if (lacking !== undefined) reasons.set(name, without(lacking));
    return lacking === undefined;
  });
  return able.length === kept.length ? able : withNeeded(able, reasons);
}

/** Each request gets the answer that was made for it, and so does that of another run. */
function areTold(made: readonly MadeStream[]): boolean {
  const exchanges = made.flatMap((one) => one.exchanges);
  const find = matcher(exchanges);
  return (
    exchanges.every((one) => isDeepStrictEqual(contentOf(find(one)), contentOf(one))) &&
    made.every(({ later }) =>
      later.every(({ asked, first }) => isDeepStrictEqual(contentOf(find(asked)), contentOf(first))),
    )
  );
}

const contentOf = (one: Exchange | undefined): unknown => [one?.status, one?.text, one?.files, one?.job];

const recordingOf = ({ stream, records, exchanges, written }: MadeStream, { nowMs }: Generating): Recording => ({
  version: 1,
  partner: stream.partner.name,
  stream: stream.name,
  recordedAt: new Date(nowMs).toISOString(),
  basePath: '',
  complete: true,
  records: new Set(records.map(({ identity }) => identity)).size,
  keyed: stream.keyColumns.length > 0,
  replaced: [],
  written,
  exchanges: [...exchanges],
});

const isReason = (error: unknown): error is Error =>
  error instanceof CannotGenerate || error instanceof GiveUp || error instanceof InvalidInput;
