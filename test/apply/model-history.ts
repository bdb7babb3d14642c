import type { AppliedEvent } from '../../apply/changes-of.ts';

export interface Shown {
  /** Content of the record; null: it is deleted. */
  readonly content: string | null;
  readonly from: string;
  readonly to: string | null;
}

/** What a history shows of one key after all events of the log, whatever loads they come in. */
export function modelHistory(events: readonly AppliedEvent[], validFrom: 'version' | 'received'): readonly Shown[] {
  let newest = '';
  const said = events.map((event) => {
    // A delete that names no version is that of the newest which was known.
    const version = event.arrival.version ?? (event.operation === 'd' ? newest : '');
    newest = version > newest ? version : newest;
    return { ...event, version };
  });
  const rows = [...new Set(said.map(({ version }) => version))].toSorted().flatMap((version) => {
    const group = said.filter((event) => event.version === version);
    const times = group.map(({ receivedAt }) => receivedAt as string);
    if (version === '') return group.map((event, i) => ({ ...event, own: times[i] as string })).toSorted(byTime);
    const same = group.map((a) => group.findIndex((b) => saysSame(a, b)));
    const contents = group.filter((event, i) => event.operation !== 'd' && same.lastIndexOf(same[i] ?? 0) === i);
    const gap = group.filter(({ operation }) => operation === 'd').slice(0, 1);
    return [...contents, ...gap].map((event, i) => {
      const isTime = validFrom === 'version' && (event.operation !== 'd' || i === 0);
      const first = times[group.findIndex((other) => saysSame(event, other))] as string;
      return { ...event, own: isTime ? `${version.slice(0, 26)}Z` : first };
    });
  });
  const from = (at: number): string | null =>
    rows
      .slice(at)
      .map(({ own }) => own)
      .toSorted()[0] ?? null;
  return rows.map(({ operation, row }, i) => ({
    content: operation === 'd' ? null : (row?.values[1] ?? null),
    from: from(i) as string,
    to: from(i + 1),
  }));
}

const byTime = (a: { own: string }, b: { own: string }): number => (a.own < b.own ? -1 : 1);
const saysSame = (a: AppliedEvent, b: AppliedEvent): boolean =>
  (a.operation === 'd') === (b.operation === 'd') && (a.operation === 'd' || a.arrival.hash === b.arrival.hash);
