import { compareReceived, type Received } from '../core/received.ts';
import { compareVersions } from '../core/version.ts';

/** One version of a key, as a history has it. */
export interface Version {
  /** The event that it stands for. */
  readonly event: number;
  readonly received: Received;
  readonly run: number;
  readonly version: string | null;
  /** 32 hex digits. */
  readonly hash: string;
  /** When it first came, as `core/micros.ts` writes times. */
  readonly receivedAt: string;
  /** From here on the record is deleted. */
  readonly gone: boolean;
  /** Texts of the stream's columns; of a deletion those of the key, and null. */
  readonly values: readonly (string | null)[];
  readonly extra: string | null;
}

export interface Came extends Version {
  /** When it came, something newer of its key was known. */
  readonly late: boolean;
}

/**
 * The versions of a key in their order, with one that came. By their declared versions, and where these are the same, or there is none, by
 * when they came, as the row of the key is decided (`core/decide.ts`). Each content of a version is there once.
 */
export function withVersion(known: readonly Version[], came: Came): readonly Version[] {
  if (known.some(({ event }) => event === came.event)) return known;
  // A delete that names no version is that of the record which it found (`core/grave.ts`).
  const found = came.gone && came.version === null ? (known.at(-1)?.version ?? null) : came.version;
  return found === null ? byReceived(known, came) : byVersion(known, { ...came, version: found });
}

function byReceived(known: readonly Version[], came: Came): readonly Version[] {
  const before = known.findLastIndex(({ received }) => compareReceived(received, came.received) <= 0);
  const same = known[before];
  if (same !== undefined && same.version === null && compareReceived(same.received, came.received) === 0) return known;
  return known.toSpliced(before + 1, 0, versionOf(came));
}

function byVersion(known: readonly Version[], came: Came): readonly Version[] {
  const end = 1 + known.findLastIndex(({ version }) => compareVersions(version, came.version) <= 0);
  let start = end;
  while (known[start - 1]?.version === came.version) start -= 1;
  const group = known.slice(start, end);
  const last = group.at(-1);
  if (came.gone) return last?.gone === true ? known : known.toSpliced(end, 0, versionOf(came));
  // One of the same version that is late comes after a delete, and was before it.
  const to = came.late && last?.gone === true ? end - 1 : end;
  const from =
    1 +
    Math.max(
      start - 1,
      known.slice(0, to).findLastIndex(({ gone }) => gone),
    );
  const twin = known.slice(from, to).findIndex(({ hash }) => hash === came.hash);
  if (twin === -1) return known.toSpliced(to, 0, versionOf(came));
  const { event, receivedAt } = known[from + twin] as Version;
  if (from + twin === to - 1 || event > came.event) return known;
  // Of two contents of one version the later arrival counts, also where it had come before.
  return known.toSpliced(to, 0, { ...versionOf(came), receivedAt }).toSpliced(from + twin, 1);
}

/**
 * The versions with what the next complete listing says of the key: it holds, whatever its version. Of what one listing says, the last
 * counts that was not late.
 */
export function withListed(known: readonly Version[], came: Came): readonly Version[] {
  if (came.late || known.some(({ event }) => event >= came.event)) return known;
  const before = known.at(-1)?.run === came.run ? known.slice(0, -1) : known;
  const last = before.at(-1);
  const says = last !== undefined && last.gone === came.gone && (came.gone || last.hash === came.hash);
  return says ? before : [...before, versionOf(came)];
}

const versionOf = ({ late: _late, ...version }: Came): Version => version;
