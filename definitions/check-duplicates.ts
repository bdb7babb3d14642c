import { formFits, readForm, type FieldKind } from '../core/match-form.ts';
import { readLevel } from '../core/match-level.ts';
import { checkScheduleTimes } from './check-schedule-times.ts';
import { closest } from './closest.ts';
import type { CompiledStream } from './compiled.ts';
import { fieldsFrom, levelsOf, survivorOf, type DuplicateSettings } from './duplicates.ts';
import type { Path, Problem } from './problem.ts';

/** What the partners say; undefined: nothing is known of them. */
export interface KnownStreams {
  /** By `partner.stream`. */
  readonly streams: ReadonlyMap<string, CompiledStream>;
  /** Partners whose definitions cannot be read: what names them cannot be judged. */
  readonly unreadable?: readonly string[];
}

/** What the shape alone cannot tell of the settings of one name. */
export function checkDuplicates(settings: DuplicateSettings, known: KnownStreams | undefined): readonly Problem[] {
  return [
    ...settings.from.flatMap((_, index) => checkSource(settings, index, known)),
    ...checkCompare(settings),
    ...checkForms(settings),
    ...checkWeights(settings),
    ...checkSurvivors(settings),
    ...checkBounds(settings),
    ...(settings.join === undefined ? [] : checkScheduleTimes(settings.join, ['join'])),
  ];
}

function checkSource(settings: DuplicateSettings, index: number, known: KnownStreams | undefined): readonly Problem[] {
  const { stream, fields, changed } = settings.from[index] as DuplicateSettings['from'][number];
  const path = ['from', index];
  const twice = settings.from.findIndex((other) => other.stream === stream) < index;
  if (twice) return [{ path: [...path, 'stream'], says: `${stream} is named twice; name it once` }];
  if (known === undefined || known.unreadable?.includes(stream.split('.')[0] ?? '') === true) return [];
  const compiled = known.streams.get(stream);
  if (compiled === undefined) {
    const names = [...known.streams.keys()];
    return [{ path: [...path, 'stream'], says: `there is no stream "${stream}"${cure(stream, names)}` }];
  }
  const { disposition, primaryKey } = compiled.definition;
  if (disposition === 'replace' && primaryKey.length === 0)
    return [
      {
        path: [...path, 'stream'],
        says: `rows of ${stream} have no key and are written anew by each run, so nothing can be known of them; give the stream a primaryKey`,
      },
    ];
  const columns = compiled.columns.map((column) => column.name);
  const missing = Object.entries({ ...fields }).map(([field, column]) => ({ column, at: [...path, 'fields', field] }));
  if (changed !== undefined) missing.push({ column: changed, at: [...path, 'changed'] });
  return [
    ...missing
      .filter(({ column }) => !columns.includes(column))
      .map(({ column, at }) => ({
        path: at,
        says: `the table of ${stream} has no column "${column}"${cure(column, columns)}`,
      })),
    ...unordered(compiled, changed).map((says) => ({ path: [...path, 'changed'], says })),
  ];
}

/** Texts, objects and flags do not say what comes later. */
function unordered({ columns }: CompiledStream, changed: string | undefined): readonly string[] {
  const type = columns.find(({ name }) => name === changed)?.type;
  return type === 'text' || type === 'json' || type === 'boolean'
    ? [`"${changed}" is a column of type ${type}; name a column of type timestamp, date, integer or number`]
    : [];
}

function checkCompare(settings: DuplicateSettings): readonly Problem[] {
  const fields = fieldsFrom(settings);
  return Object.entries(settings.compare).flatMap(([field, { as, levels = [], swapsWith, country }]): Problem[] => {
    const path = ['compare', field];
    const read = levels.map((text, at) => ({ level: readLevel(text, as), path: [...path, 'levels', at] }));
    return [
      ...(fields.includes(field) ? [] : [{ path, says: noField(field, fields) }]),
      ...read.flatMap(({ level, path: at }) => (typeof level === 'string' ? [{ path: at, says: level }] : [])),
      ...read
        .filter((_, at) => levels.indexOf(levels[at] as string) < at)
        .map(({ path: at }) => ({ path: at, says: 'this level is named twice; name it once' })),
      ...checkSwap(settings, field, swapsWith).map((says) => ({ path: [...path, 'swapsWith'], says })),
      ...(country !== undefined && as !== 'phone'
        ? [{ path: [...path, 'country'], says: 'only a phone has a country code; leave it out' }]
        : []),
    ];
  });
}

function checkSwap({ compare }: DuplicateSettings, field: string, other: string | undefined): readonly string[] {
  if (other === undefined) return [];
  if (compare[field]?.as !== 'name') return ['only a name swaps with another one; leave it out'];
  if (other === field || compare[other]?.as !== 'name' || !compare[other].score)
    return [`"${other}" is not another field that is compared as a name; add it under compare`];
  return compare[other].swapsWith === undefined
    ? []
    : [`"${other}" says swapsWith as well; say it at one of the two fields`];
}

function checkForms(settings: DuplicateSettings): readonly Problem[] {
  const fields = fieldsFrom(settings);
  const named = [
    ...settings.exact.map((rule, index) => ({ forms: rule.fields, path: ['exact', index, 'fields'], exact: true })),
    ...settings.block.map((forms, index) => ({ forms, path: ['block', index], exact: false })),
  ];
  const rules = settings.exact.map((rule) => rule.name);
  return [
    ...named.flatMap(({ forms, path, exact }) =>
      forms.flatMap((text, at) =>
        formProblem(text, { fields, compare: settings.compare, exact }).map((says) => ({ path: [...path, at], says })),
      ),
    ),
    ...rules
      .map((rule, index) => ({ rule, index }))
      .filter(({ rule, index }) => rules.indexOf(rule) < index)
      .map(({ rule, index }) => ({
        path: ['exact', index, 'name'],
        says: `"${rule}" is the name of another rule; take another one`,
      })),
    ...(settings.exact.length + settings.block.length === 0
      ? [{ path: [], says: 'nothing says which rows to compare; add a rule under exact, or fields under block' }]
      : []),
    ...(settings.block.length > 0 && scored(settings).length === 0
      ? [
          {
            path: ['block'],
            says: 'nothing weighs the pairs of these blocks; say under compare how fields are compared',
          },
        ]
      : []),
  ];
}

interface FormContext {
  readonly fields: readonly string[];
  readonly compare: DuplicateSettings['compare'];
  readonly exact: boolean;
}

function formProblem(text: string, { fields, compare, exact }: FormContext): readonly string[] {
  const read = readForm(text);
  if (read === undefined) return [`"${text}" is no form of a field; a prefix or suffix has 1 to 20 characters`];
  if (!fields.includes(read.field)) return [noField(read.field, fields)];
  const kind: FieldKind = compare[read.field]?.as ?? 'text';
  if (read.form === undefined) return [];
  if (!formFits(read.form, kind)) return [`a field that is compared as ${kind} has no form ~${read.form}`];
  return exact && (read.form === 'words' || read.form === 'trigram')
    ? [`~${read.form} has several values for a row, so rows cannot be equal by it; use it under block`]
    : [];
}

const scored = ({ compare }: DuplicateSettings): readonly string[] =>
  Object.entries(compare).flatMap(([field, { score }]) => (score ? [field] : []));

/** Of pairs that agree on a field by choice nobody can learn how often it agrees. */
function checkWeights(settings: DuplicateSettings): readonly Problem[] {
  const given = settings.weights === 'estimated' ? {} : settings.weights;
  const passes = [...settings.block, ...settings.exact.map((rule) => rule.fields)].map((forms) =>
    forms.map((text) => readForm(text)?.field),
  );
  const unlearnt =
    settings.block.length === 0
      ? []
      : scored(settings).filter((field) => given[field] === undefined && passes.every((pass) => pass.includes(field)));
  return [
    ...unlearnt.map((field) => ({
      path: ['compare', field],
      says:
        `every block and exact rule has "${field}", so how often it differs between duplicates cannot be estimated; ` +
        `add a block without it, or give its weights`,
    })),
    ...Object.entries(given).flatMap(([field, levels]) => givenProblems(settings, field, levels)),
  ];
}

function givenProblems(
  { compare }: DuplicateSettings,
  field: string,
  given: Readonly<Record<string, number>>,
): readonly Problem[] {
  const path: Path = ['weights', field];
  const comparison = compare[field];
  if (comparison === undefined || !comparison.score)
    return [{ path, says: `"${field}" is not compared; add it under compare, or leave its weights out` }];
  const levels = [...levelsOf(comparison), 'else'];
  return [
    ...levels
      .filter((level) => given[level] === undefined)
      .map((level) => ({ path, says: `the weight of the level "${level}" is missing` })),
    ...Object.keys(given)
      .filter((level) => !levels.includes(level))
      .map((level) => ({ path: [...path, level], says: `"${field}" has no level "${level}"${cure(level, levels)}` })),
  ];
}

function checkSurvivors(settings: DuplicateSettings): readonly Problem[] {
  const fields = fieldsFrom(settings);
  const unknown = Object.keys(settings.survivors)
    .filter((field) => field !== 'default' && !fields.includes(field))
    .map((field) => ({ path: ['survivors', field], says: noField(field, fields) }));
  const newest = fields.filter((field) => survivorOf(settings, field) === 'newest');
  const undated = settings.from.length < 2 || newest.length === 0 ? [] : settings.from.entries();
  return [
    ...unknown,
    ...[...undated]
      .filter(([, { changed }]) => changed === undefined)
      .map(([index]) => ({
        path: ['from', index],
        says:
          `the newest of several streams is taken for ${newest.join(', ')}, and nothing says when a row here was changed; ` +
          'name its column under changed, or choose another rule under survivors',
      })),
  ];
}

const checkBounds = ({ merge, review }: DuplicateSettings): readonly Problem[] =>
  review > merge
    ? [
        {
          path: ['review'],
          says: `review (${review}) is above merge (${merge}); pairs are reviewed below what is merged`,
        },
      ]
    : [];

const noField = (field: string, fields: readonly string[]): string =>
  `no source has a field "${field}"${cure(field, fields)}`;

function cure(name: string, known: readonly string[]): string {
  const near = closest(name, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length === 0 ? '' : `; there are ${known.join(', ')}`;
}
