import { sha128 } from './page-key.ts';
import type { LandedStream } from './landed-stream.ts';
import type { OddOne } from './fold.ts';
import type { StagedRecord } from './staged.ts';

/** How versions of a key contradict one another. */
export const anomalyKinds = ['same-version', 'same-second', 'goes-back'] as const;
export type AnomalyKind = (typeof anomalyKinds)[number];

/** One older version is late, as happens. So many are a clock that goes backwards. */
export const GOES_BACK_FROM = 3;

/** What some commits found of a key: of one version of it, or of all that were older than the one known. */
export interface FoundAnomaly {
  /** 32 hex digits. */
  readonly id: string;
  readonly kind: AnomalyKind;
  readonly key: string;
  /** The one that came last. */
  readonly version: string;
  /** Event that was known, and event that came, the last time. */
  readonly known: number;
  readonly came: number;
  readonly times: number;
}

/** What a fold found odd, each anomaly once. */
export function anomaliesOf(
  stream: Pick<LandedStream, 'version'>,
  odd: readonly OddOne<StagedRecord>[],
): readonly FoundAnomaly[] {
  const found = new Map<string, FoundAnomaly>();
  for (const { record, odd: how, known, event } of odd) {
    const { key, version } = record;
    if (key === null || version === null) continue;
    const id = sha128(JSON.stringify(how === 'late' ? [key] : [key, version]));
    // A version with half of a surrogate pair is in the log as UTF-8 has it.
    const kind = how === 'late' ? 'goes-back' : isWholeSecond(stream, version) ? 'same-second' : 'same-version';
    found.set(id, {
      id,
      kind,
      key,
      version: Buffer.from(version).toString(),
      known,
      came: event,
      times: (found.get(id)?.times ?? 0) + 1,
    });
  }
  return [...found.values()];
}

/** Whether the version is a time alone, without a fraction: two changes of one second cannot be told apart by it. */
export const isWholeSecond = ({ version: fields }: Pick<LandedStream, 'version'>, version: string): boolean =>
  fields.length === 1 && fields[0]?.type === 'timestamp' && version.endsWith('.000000000Z');
