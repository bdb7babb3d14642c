import { checkNamedStreams } from './check-schedules.ts';
import { checkScheduleTimes } from './check-schedule-times.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';
import { isPushOnly } from './push.ts';
import type { ReconcileEntry } from './reconcile.ts';

/** Whether what `reconcile` says can be done, and by which streams. */
export function checkReconcile(partner: Partner): Problem[] {
  return Object.entries(partner.reconcile).flatMap(([name, entry]) => {
    const path = ['reconcile', name];
    const named = checkNamedStreams(entry.streams, partner.streams, path);
    return [
      ...checkScheduleTimes(entry, path),
      ...named,
      ...checkHow(entry, path),
      ...checkOwnName(partner, name),
      ...(named.length > 0 ? [] : checkStreams(partner, entry, path)),
    ];
  });
}

/** Both are schedules of the partner in Temporal. */
const checkOwnName = ({ schedules }: Partner, name: string): Problem[] =>
  Object.hasOwn(schedules, name)
    ? [
        {
          path: ['reconcile', name],
          says: `"${name}" is the name of a schedule under \`schedules\` already; take another one`,
        },
      ]
    : [];

function checkHow({ level, last, sample, repair }: ReconcileEntry, path: Path): Problem[] {
  return [
    ...(last !== undefined && level === 'counts'
      ? [{ path: [...path, 'last'], says: 'level: counts compares whole streams; leave out last' }]
      : []),
    ...(sample !== undefined && (last !== undefined || level === 'counts')
      ? [
          {
            path: [...path, 'sample'],
            says: 'a sample is drawn from the whole stream and compares records; leave out last and level: counts',
          },
        ]
      : []),
    ...(repair.length > 0 && (level === 'counts' || sample !== undefined)
      ? [
          {
            path: [...path, 'repair'],
            says: 'only what a whole listing has found is repaired by itself; leave out repair, or sample and level: counts',
          },
        ]
      : []),
  ];
}

/** Named streams have to be fit, each of them; if none is named, at least one. */
function checkStreams(partner: Partner, entry: ReconcileEntry, path: Path): Problem[] {
  const names = entry.streams.length > 0 ? entry.streams : Object.keys(partner.streams);
  const unfit = names.flatMap((name, at) => {
    const why = whyUnfit(partner, name, entry);
    return why === undefined ? [] : [{ path: [...path, 'streams', at], says: `${name} ${why}` }];
  });
  if (entry.streams.length > 0) return unfit;
  if (unfit.length < names.length) return [];
  return [{ path, says: `no stream can be compared in this way: ${unfit.map(({ says }) => says).join('; ')}` }];
}

function whyUnfit(partner: Partner, name: string, { last, sample, repair }: ReconcileEntry): string | undefined {
  const stream = partner.streams[name] as StreamDefinition;
  if (isPushOnly(stream)) return 'has no path: its records are only pushed, and there is nothing to compare with';
  if (stream.primaryKey.length === 0)
    return 'has no primaryKey: without keys its records cannot be compared with those of the partner';
  if (last !== undefined && stream.incremental === undefined)
    return 'is not incremental: it cannot be asked for what changed lately; leave out last, or name other streams';
  if (sample !== undefined && !canAskForOne(partner, name))
    return 'cannot be asked for one record: say how by a stream that `requires` it with `fetch` (docs/waiting.md), or by a webhook with `as: hint` (docs/webhooks.md); or leave out sample';
  if (repair.length > 0 && stream.disposition === 'replace')
    return 'is a `replace`, which its next sync repairs; leave out repair, or name other streams';
  return undefined;
}

/** As `fetchOf` finds it in what is compiled. */
const canAskForOne = ({ streams, webhooks = {} }: Partner, name: string): boolean =>
  Object.values(streams).some(({ requires = {} }) =>
    Object.values(requires).some(
      ({ stream, field, fetch }) => stream === name && field === undefined && fetch !== undefined,
    ),
  ) ||
  Object.values(webhooks).some(({ routes }) =>
    routes.some(({ as, stream, fetch }) => as === 'hint' && stream === name && fetch !== undefined),
  );
