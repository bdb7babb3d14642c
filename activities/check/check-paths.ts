import { parseJson, valueAt } from '../../core/json.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Look } from './asker.ts';
import { doubtful, none, together, type Findings } from './findings.ts';

/** Paths of the pagination that lead nowhere: a run passes over what the partner says there. */
export function checkPaths(stream: CompiledStream, looks: readonly Look[]): Findings {
  if (!isJson(stream) || looks.some(({ page }) => page.skipped || page.refused !== undefined)) return none;
  const bodies = looks.map(({ answer }) => bodyOf(answer.text));
  if (bodies.includes(undefined)) return none;
  const leadsOn = looks.some(({ page }) => page.next.cursor !== null);
  return together(
    signsOf(stream).map(({ setting, path }) => {
      if (bodies.some((body) => at(body, path) !== undefined)) return none;
      const elsewhere = placesOf(bodies[0], path);
      // Some partners leave out what is false or 0, or state no total with each listing.
      if (elsewhere.length === 0 && !(setting === 'hasMore' && leadsOn)) return none;
      return doubtful(
        'sign-missing',
        `nothing is at "${path}" (pagination.${setting}) on any page, so what the partner says of the end would not be heard${hint(elsewhere)}`,
      );
    }),
  );
}

/** Of the path to what leads to the next page, which is not there: where such a name is. */
export function nextElsewhere(stream: Pick<CompiledStream, 'definition'>, { answer }: Pick<Look, 'answer'>): string {
  const { pagination } = stream.definition;
  if (!isJson(stream)) return '';
  const path =
    pagination.type === 'nextUrl'
      ? pagination.path
      : pagination.type === 'token' && pagination.from !== 'header'
        ? pagination.token
        : undefined;
  const body = bodyOf(answer.text);
  return path === undefined || at(body, path) !== undefined ? '' : hint(placesOf(body, path));
}

function isJson({ definition: { source, format = 'json' } }: Pick<CompiledStream, 'definition'>): boolean {
  return source === undefined && (typeof format === 'string' ? format : format.type) === 'json';
}

function signsOf({
  definition: { pagination },
}: CompiledStream): { readonly setting: string; readonly path: string }[] {
  const all = pagination as Readonly<Record<string, unknown>>;
  return ['hasMore', 'isLast', 'total', 'totalPages'].flatMap((setting) => {
    const value = all[setting];
    const path = typeof value === 'object' && value !== null ? (value as { readonly path?: unknown }).path : value;
    return typeof path === 'string' ? [{ setting, path }] : [];
  });
}

/** As paginators look: a name may have dots itself. */
const at = (body: unknown, path: string): unknown => valueAt(body, [path]) ?? valueAt(body, path);

const hint = (places: readonly string[]): string =>
  places.length === 0 ? '' : `; the answer has ${places.map((place) => JSON.stringify(place)).join(' and ')}`;

const MOST_PLACES = 3;
const DEEP = 5;

/** Other paths that end with the same name, but for those inside of lists. */
function placesOf(body: unknown, path: string): readonly string[] {
  const name = path.split('.').at(-1) ?? path;
  const found: string[] = [];
  const look = (value: unknown, before: readonly string[]): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return;
    for (const [field, inner] of Object.entries(value)) {
      const here = [...before, field];
      if (field === name && (typeof inner !== 'object' || inner === null)) found.push(here.join('.'));
      else if (here.length < DEEP) look(inner, here);
    }
  };
  look(body, []);
  return found.filter((place) => place !== path).slice(0, MOST_PLACES);
}

/** undefined: a file, or no JSON. */
function bodyOf(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
