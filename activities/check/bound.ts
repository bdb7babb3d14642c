import { DAY, HOUR, MINUTE, SECOND } from '../../core/duration.ts';
import type { Position } from '../../core/page.ts';
import { sortableTime } from '../../core/version.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { markReader } from '../../records/read-mark.ts';
import { sourceOf } from '../../sources/source-of.ts';
import type { Look } from './asker.ts';
import { rangeFrom } from './first-position.ts';

/** A time that some of the records seen lie before, and others do not. */
export interface Bound {
  readonly position: Position;
  /** ISO, to the millisecond. */
  readonly from: string;
  /** Records before this are not asked for, however coarsely the request says it. ISO. */
  readonly notBefore: string;
  /** The request says nothing of the time. */
  readonly unsaid: boolean;
}

/** With the median of the times that came, but for those that lie ahead; undefined: there are not two that differ. */
export function boundWithin(stream: CompiledStream, looks: readonly Look[], nowMs: number): Bound | undefined {
  const [first] = looks;
  const present = sortableTime(new Date(nowMs).toISOString());
  const past = looks.flatMap((look) => marksOf(stream, look)).filter(({ mark }) => mark <= present);
  const marks = [...new Set(past.map(({ mark }) => mark))].toSorted();
  const median = marks[Math.floor(marks.length / 2)];
  if (first === undefined || median === undefined || marks.length < 2) return undefined;
  const fromMs = Date.parse(`${median.slice(0, 23)}Z`);
  const ask = (ms: number): Position => ({ ...first.position, range: rangeFrom(stream, ms, nowMs) });
  const sent = (ms: number): string =>
    JSON.stringify(
      sourceOf(stream).request({
        ...first.position,
        range: { from: new Date(ms).toISOString(), to: new Date(nowMs + DAY).toISOString() },
      }),
    );
  const steps = stream.definition.incremental?.startInclusive === false ? 2 : 1;
  return {
    position: ask(fromMs),
    from: new Date(fromMs).toISOString(),
    notBefore: new Date(fromMs - steps * coarseness(sent, fromMs)).toISOString(),
    unsaid: sent(fromMs) === sent(fromMs - 400 * DAY),
  };
}

/** How much earlier than asked for a request may say the time: its format may have no hours. */
function coarseness(sent: (ms: number) => string, atMs: number): number {
  // Four times within a step: a format as coarse as that cannot say more than two of them apart.
  const blurs = (step: number): boolean =>
    new Set([0, 1, 2, 3].map((quarter) => sent(atMs + Math.floor((quarter * step) / 4)))).size <= 2;
  return [DAY, HOUR, MINUTE, SECOND].find(blurs) ?? 1;
}

export interface Marked {
  readonly mark: string;
  readonly identity: string;
}

/** The records of a page whose time can be read. */
export function marksOf(
  stream: CompiledStream,
  { received, identities }: Pick<Look, 'received' | 'identities'>,
): readonly Marked[] {
  const reader = markReader(stream);
  return received.flatMap(({ record }, i) => {
    const time = reader?.read(record);
    return time !== undefined && 'mark' in time ? [{ mark: time.mark, identity: identities[i] ?? '' }] : [];
  });
}
