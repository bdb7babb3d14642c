import { closest } from './closest.ts';
import { timeFormats } from '../core/time-formats.ts';
import { timePattern } from '../core/time-pattern.ts';
import type { StreamDefinition } from './definition.ts';
import { PARENT, parentFields } from './mentions.ts';
import type { Path, Problem } from './problem.ts';
import { quotings } from './quotings.ts';
import { isPlaceholder, parseTemplate, placeholdersIn, type Placeholder } from './template.ts';
import { templatesOf, type PlacedText } from './templates-of.ts';

export interface Checked {
  readonly stream: StreamDefinition;
  /** Of the stream. */
  readonly path: Path;
  /** Whether the text at a place came from the environment: no message shows any of it. */
  readonly isSecret: (path: Path) => boolean;
}

/** Whether each placeholder of a stream's texts, and of the partner's headers, gets a value, and can be left out where it has none. */
export function checkTemplates(
  { stream, path, isSecret }: Checked,
  headers: Readonly<Record<string, string>>,
): readonly Problem[] {
  const own = templatesOf(stream).map((placed) => ({ placed, at: [...path, ...placed.path] }));
  const shared = Object.entries(headers).map(([name, text]) => {
    const at = ['headers', name];
    return { placed: { path: at, text, kind: 'text', mayBeLeftOut: true } satisfies PlacedText, at };
  });
  return [...own, ...shared].flatMap(({ placed, at }) =>
    problemsOf(placed, stream).map((says) => ({
      path: at,
      says: isSecret(at) ? 'the text from the environment has a {placeholder} that cannot be filled' : says,
    })),
  );
}

function problemsOf(placed: PlacedText, stream: StreamDefinition): string[] {
  const { text, kind } = placed;
  const template = parseTemplate(text, kind);
  if (template === undefined) return ['a {? is not closed; write {? … } around what is left out without a value'];
  const [first] = template;
  const isWhole = template.length === 1 && placed.mayBeLeftOut && first !== undefined && typeof first !== 'string';
  return [
    ...overlooked(text, kind),
    ...template.flatMap((piece) =>
      typeof piece === 'object' && !isPlaceholder(piece) && placeholdersIn(piece.optional).length === 0
        ? ['a part in {? … } has no placeholder that could lack a value; write it without {?']
        : [],
    ),
    ...placeholdersIn(template).flatMap((found) => {
      const says = problemOf(found, placed, stream) ?? wordsProblem(found, placed);
      if (says !== undefined) return [says];
      const unfilled = !found.optional && !isWhole && lacksFirst(found, stream) && !isNullable(found);
      if (!unfilled) return [];
      const why = isBound(found)
        ? `the first reading has no ${braced(found)}; give incremental an initial, or`
        : `the first page has no ${braced(found)};`;
      return [
        `${why} write {? … } around what is left out on it${kind === 'text' ? `, as in "{?changed > ${braced(found)} AND }open = 1"` : ''}, or make it the whole value`,
      ];
    }),
  ];
}

/** What looks like a placeholder and is none: it would be sent as it stands. */
function overlooked(text: string, kind: PlacedText['kind']): string[] {
  if (kind === 'text') {
    // Only in front of other braces: in a text of a language they may mean something.
    const [, name] = /^[^{}]*\{\s+(start|end|cursor|limit|parent\.\w+)\s*\}/.exec(text) ?? [];
    return name === undefined ? [] : [`{ ${name} } is no placeholder; write {${name}}, without spaces`];
  }
  if (kind !== 'graphql') return [];
  const bare = [...text.matchAll(inGraphql)].map(([, value, inText]) => value ?? inText);
  return bare.map(
    (name) => `braces belong to GraphQL here, so {${name}} is not filled; use a variable, or {${name}|graphql}`,
  );
}

/** In the place of a value, or in a text, where GraphQL itself has no use for them. */
const named = String.raw`\{((?:start|end|cursor|limit|parent\.\w+)(?::(?:${timeFormats.join('|')}|number))?)\}`;
const inGraphql = new RegExp(String.raw`:\s*${named}|"[^"\n]*?${named}[^"\n]*"`, 'g');

const braced = ({ name }: Pick<Placeholder, 'name'>): string => `{${name}}`;

/** What a placeholder stands for cannot be had; undefined: it can. */
function problemOf(placeholder: Placeholder, { kind, path }: PlacedText, stream: StreamDefinition): string | undefined {
  const { name } = placeholder;
  const { parent, incremental, pagination, pageSize } = stream;
  const step = path[0] === 'job' ? path[1] : undefined;
  if (step !== undefined && (name === 'cursor' || name === 'limit'))
    return `nothing fills {${name}} here: a job is one thing; the stream's own request reads its result page by page`;
  const inPath = parent?.in === 'path' ? parent.as : undefined;
  if (kind === 'path' && name === inPath) return undefined;
  if (name.startsWith(PARENT))
    return parent === undefined
      ? `nothing fills ${braced(placeholder)}; add parent: { stream: … }`
      : parentFields(stream).includes(name.slice(PARENT.length))
        ? undefined
        : `nothing fills ${braced(placeholder)} in the partner's headers; name the field in each stream's parent.fields`;
  switch (name) {
    case 'start':
    case 'end':
      return incremental === undefined
        ? `nothing fills ${braced(placeholder)}; add incremental: { field: … }`
        : undefined;
    case 'cursor':
      if (pagination.type === 'none')
        return 'nothing fills {cursor}; add a pagination of type token, keyset, offset, page or function';
      return pagination.type === 'link' || pagination.type === 'nextUrl'
        ? `nothing fills {cursor}: with a pagination of type ${pagination.type} the next URL is asked as it is`
        : undefined;
    case 'key':
      return stream.job === undefined ? 'nothing fills {key}; it is the key of an export job: add job' : undefined;
    case 'job':
      return stream.job === undefined
        ? 'nothing fills {job}; it is the id of an export job: add job'
        : step === 'create' || step === 'find'
          ? 'nothing fills {job} before the job is ordered; {key} is the key of the order'
          : undefined;
    case 'limit':
      return pageSize === undefined && pagination.type !== 'offset' && pagination.type !== 'page'
        ? 'nothing fills {limit}; add pageSize: { max: … }'
        : undefined;
    default:
      return unknownName(placeholder, { kind, stream, inPath });
  }
}

function unknownName(
  { name }: Placeholder,
  {
    kind,
    stream,
    inPath,
  }: { readonly kind: PlacedText['kind']; readonly stream: StreamDefinition; readonly inPath: string | undefined },
): string {
  const unfilled = `nothing fills {${name}}`;
  const { parent } = stream;
  if (parent?.field !== undefined && name === parent.as) return `${unfilled}; write {${PARENT}${parent.field}}`;
  const near = closest(name, [
    'start',
    'end',
    'cursor',
    'limit',
    ...parentFields(stream).map((field) => PARENT + field),
  ]);
  if (near !== undefined) return `${unfilled}; did you mean {${near}}?`;
  if (kind === 'path')
    return inPath === undefined
      ? `${unfilled}; add parent: { stream: …, field: …, as: ${name} }`
      : `${unfilled}; the parent's value is called {${inPath}}`;
  return `${unfilled}; known are {start}, {end}, {cursor}, {limit} and {parent.FIELD}; write {{${name}}} for the braces themselves`;
}

/** A format or a quoting that does not exist, or not here. */
function wordsProblem({ name, format, quoting }: Placeholder, { kind }: PlacedText): string | undefined {
  if (format !== undefined) {
    const isTime = name === 'start' || name === 'end';
    const known: readonly string[] = isTime ? timeFormats : name === 'limit' ? [] : ['number'];
    const isPattern = isTime && !('problem' in timePattern(format));
    if (!known.includes(format) && !isPattern) return unknownWord({ name, what: 'format', word: format, known });
  }
  if (quoting === undefined) return undefined;
  const known = kind === 'path' ? quotings.filter((word) => word !== 'raw') : quotings;
  return (known as readonly string[]).includes(quoting)
    ? undefined
    : unknownWord({ name, what: 'quoting', word: quoting, known });
}

function unknownWord({
  name,
  what,
  word,
  known,
}: {
  readonly name: string;
  readonly what: 'format' | 'quoting';
  readonly word: string;
  readonly known: readonly string[];
}): string {
  if (known.length === 0) return `{${name}} takes no format, found "${word}"`;
  const near = closest(word, known);
  const cure = near === undefined ? `known here: ${known.join(', ')}` : `did you mean "${near}"?`;
  return `{${name}} has an unknown ${what} "${word}"; ${cure}`;
}

const isBound = ({ name }: Placeholder): boolean => name === 'start' || name === 'end';

const lacksFirst = (placeholder: Placeholder, { pagination, incremental }: StreamDefinition): boolean =>
  (isBound(placeholder) && incremental?.initial === undefined) ||
  (placeholder.name === 'cursor' &&
    (pagination.type === 'function' ||
      ((pagination.type === 'token' || pagination.type === 'keyset') && pagination.first === undefined)));

const isNullable = ({ quoting }: Placeholder): boolean => quoting === 'json' || quoting === 'graphql';
