import { formatDuration } from './duration.ts';

/** When a stream's first page may be asked for again, by what the partner said of it. */
export interface PollHint {
  /** ISO time by our clock. */
  readonly until: string;
  readonly everyMs: number;
  /** What said so, for people. */
  readonly says: string;
}

export interface PolledAnswer {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** What the body has at the definition's path. */
  readonly inBody: unknown;
  /** Epoch ms. */
  readonly receivedAtMs: number;
}

/** undefined: the partner says nothing of it. The longest wait counts; `mostMs` bounds it. */
export function pollHint(
  { header, path, maxAge }: { readonly header: string; readonly path?: string | undefined; readonly maxAge: boolean },
  { headers, inBody, receivedAtMs }: PolledAnswer,
  mostMs: number,
): PollHint | undefined {
  const said: readonly { readonly seconds: number; readonly by: string }[] = [
    { seconds: secondsOf(headers[header.toLowerCase()]), by: header },
    { seconds: path === undefined ? 0 : secondsOf(inBody), by: `${path} in the body` },
    { seconds: maxAge ? maxAgeOf(headers) : 0, by: 'Cache-Control' },
  ];
  const [longest] = said.toSorted((a, b) => b.seconds - a.seconds);
  if (longest === undefined || longest.seconds <= 0) return undefined;
  const everyMs = Math.min(longest.seconds * 1000, mostMs);
  const until = new Date(receivedAtMs + everyMs).toISOString();
  return {
    until,
    everyMs,
    says: `the partner wants to be asked every ${formatDuration(everyMs)} at most (${longest.by})`,
  };
}

function secondsOf(value: unknown): number {
  const text = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  return /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : 0;
}

/** RFC 9111 §5.2.2.1, less the age that a cache has given it (§5.1). `no-cache` and `no-store` ask for nothing. */
function maxAgeOf(headers: PolledAnswer['headers']): number {
  const control = headers['cache-control']?.toLowerCase() ?? '';
  if (/(^|[\s,])no-(cache|store)([\s,=]|$)/.test(control)) return 0;
  const found = /(?:^|[\s,])max-age="?(\d{1,9})"?(?:[\s,]|$)/.exec(control)?.[1];
  return found === undefined ? 0 : Math.max(0, Number(found) - secondsOf(headers['age']));
}
