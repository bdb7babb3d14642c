import { valueAt } from '../../core/json.ts';
import { isWholeSecond } from '../../core/anomaly.ts';
import { sortableTime } from '../../core/version.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { byNewNames } from '../../records/by-new-names.ts';
import { markReader } from '../../records/read-mark.ts';
import { highMark } from '../pull/high-mark.ts';
import type { Look } from './asker.ts';
import { doubtful, none, together, unverified, verified, wrong, type Findings } from './findings.ts';
import { of, several } from './words.ts';

/** Whether what a run relies on is in the records: keys that differ, versions, times that move the watermark. */
export function checkRecords(stream: CompiledStream, looks: readonly Look[]): Findings {
  if (looks.every(({ page }) => page.skipped || page.refused !== undefined)) return none;
  if (looks.every(({ received }) => received.length === 0)) {
    const range = looks[0]?.position.range ?? null;
    return unverified(
      'records',
      `no records came${range === null ? '' : ` of the time from ${range.from} on`}, so neither the schema nor key, version and times could be tried. Are the path, the query and \`records\` right?`,
    );
  }
  return together([keys(stream, looks), versions(stream, looks), times(stream, looks)]);
}

function keys({ keyColumns, definition }: CompiledStream, looks: readonly Look[]): Findings {
  const { primaryKey, disposition } = definition;
  if (keyColumns.length === 0 || disposition === 'append') return none;
  // Pages that overlap are told where pages are compared.
  const perPage = looks.map(({ records }) => records.map(({ key }) => key));
  const all = perPage.flat().length;
  const repeated = perPage.reduce((sum, page) => sum + page.length - new Set(page).size, 0);
  const named = primaryKey.join(', ');
  if (repeated > 0)
    return doubtful(
      'keys-repeat',
      `${of(repeated, all, 'record')} have the same key as another one: only one of each is kept. Does ${named} identify a record?`,
    );
  if (all === 0) return unverified('keys', 'no record fits the schema, so keys could not be compared');
  if (new Set(perPage.flat()).size < all) return none;
  return verified('keys', `${several(all, 'record')} with a key of their own (${named})`);
}

function versions({ version, aliases = [] }: CompiledStream, looks: readonly Look[]): Findings {
  if (version.length === 0) return none;
  const records = looks.flatMap(({ received }) => received.map(({ record }) => byNewNames(record, aliases)));
  const named = version.map(({ path }) => path.join('.')).join(', ');
  const lacking = records.filter((record) =>
    version.some(({ path }) => {
      const value = valueAt(record, path);
      return value === undefined || value === null || value === '';
    }),
  ).length;
  const present =
    lacking === 0
      ? verified('version', `the version (${named}) is in all records`)
      : doubtful(
          'version-missing',
          `${of(lacking, records.length, 'record')} came without a version (${named}): any other version of such a record wins over it`,
        );
  return together([present, coarseness(version, looks)]);
}

/** So few times may all lie on a whole second by chance, where a partner has tenths of one. */
const FEWEST = 3;

/** Whether all that came is a time in whole seconds, or a day: changes within one cannot be told apart. */
function coarseness(version: CompiledStream['version'], looks: readonly Look[]): Findings {
  const [only, ...others] = version;
  if (only === undefined || others.length > 0 || (only.type !== 'timestamp' && only.type !== 'date')) return none;
  const came = looks
    .flatMap(({ records }) => records.map((record) => record.version ?? ''))
    .filter((text) => text !== '');
  const isDay = only.type === 'date';
  if (came.length < FEWEST || !(isDay || came.every((text) => isWholeSecond({ version }, text)))) return none;
  const name = only.path.join('.');
  return doubtful(
    'version-coarse',
    `the version (${name}) has ${isDay ? 'whole days' : 'whole seconds'} only: of two changes within one, the record received later counts, and \`syncline anomalies\` lists it. Add a field that orders them: version: [${name}, revision]`,
  );
}

/** What `found` is of a record that lacks the field. */
const LACKING: readonly string[] = ['nothing', 'null', 'an empty text'];

function times(stream: CompiledStream, looks: readonly Look[]): Findings {
  const reader = markReader(stream);
  if (reader === undefined) return none;
  const { field } = reader;
  const all = looks.flatMap(({ received, answer }, page) =>
    received.map(({ record }, index) => ({
      place: `page ${page + 1}, record ${index + 1}`,
      record,
      receivedAtMs: answer.receivedAtMs,
      time: reader.read(record),
    })),
  );
  const total = all.length;
  const lacking = all.filter(({ time }) => 'found' in time && LACKING.includes(time.found));
  const unread = all.flatMap(({ place, time }) =>
    'found' in time && !LACKING.includes(time.found) ? [{ place, found: time.found }] : [],
  );
  const early = all.filter(({ record, receivedAtMs }) => highMark(stream, [record], receivedAtMs) !== null);
  if (early.length === 0) return stalls(field, { first: all[0]?.time, total });
  const [example] = unread;
  const future = all.filter(({ time }) => 'mark' in time).length - early.length;
  const held = all.find(
    ({ record, receivedAtMs, time }) => 'mark' in time && highMark(stream, [record], receivedAtMs) === null,
  );
  return together([
    lacking.length === 0
      ? none
      : doubtful(
          'time-missing',
          `${of(lacking.length, total, 'record')} came without a time at "${field}" (${lacking[0]?.place}): runs that ask by time will not get them. The first run asks without a bound and gets them, unless incremental.initial is set`,
        ),
    example === undefined
      ? none
      : doubtful(
          'time-unreadable',
          `${of(unread.length, total, 'record')} came with something at "${field}" that is no time (${example.place}: ${example.found}). Say under \`times\` how it is written`,
        ),
    held === undefined
      ? none
      : doubtful(
          'time-in-future',
          `${of(future, total, 'record')} came with a time at "${field}" that lies ahead (${held.place}): such a time moves no watermark`,
        ),
    lacking.length === 0 && example === undefined && held === undefined
      ? verified('times', `the time at "${field}" can be read in all records; the latest is ${latest(stream, looks)}`)
      : none,
  ]);
}

function stalls(
  field: string,
  {
    first,
    total,
  }: { readonly first: { readonly mark: string } | { readonly found: string } | undefined; readonly total: number },
): Findings {
  const found = first === undefined || 'mark' in first ? 'a time in the future' : first.found;
  return wrong(
    'watermark-stalls',
    `${total === 1 ? 'the record has no time' : `none of ${total} records has a time`} that can be read at "${field}" (the first has ${found}): the watermark would never move, and each run would read everything. Say under \`times\` how it is written, or correct incremental.field`,
  );
}

const latest = (stream: CompiledStream, looks: readonly Look[]): string =>
  looks
    .flatMap(
      ({ received, answer }) =>
        highMark(
          stream,
          received.map(({ record }) => record),
          answer.receivedAtMs,
        ) ?? [],
    )
    .toSorted()
    .at(-1)
    ?.replace(/\.?0+Z$/, 'Z') ?? sortableTime('');
