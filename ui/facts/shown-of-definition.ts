import { InvalidInput } from '../../core/errors.ts';
import { partner as schema, type Partner } from '../../definitions/definition.ts';
import { durationMs } from '../../definitions/duration-text.ts';
import { findPartner } from '../../definitions/find.ts';
import { interpolate } from '../../definitions/interpolate.ts';
import { readDefinition } from '../../definitions/read-definition.ts';

/** What the pages show of a definition. `partner` holds that and stand-ins for the rest: no request could be made of it. */
export interface ShownDefinition {
  readonly partner: Partner;
  readonly webhooks: readonly {
    readonly name: string;
    readonly preset: string | null;
    readonly expect: number | undefined;
  }[];
  /** By stream: the one that its records need. */
  readonly parents: ReadonlyMap<string, string>;
}

type Mapping = Readonly<Record<string, unknown>>;

/**
 * The pages need no secret, so they are given none, and of a definition they read only what they show: the rest may depend on variables
 * that only workers have.
 */
export async function readShown(name: string, dir: string): Promise<ShownDefinition> {
  const { value: written } = await readDefinition(await findPartner(name, dir));
  const { value } = interpolate(onlyShown(written), {});
  const parsed = schema.safeParse(value);
  if (!parsed.success)
    throw new InvalidInput(
      parsed.error.issues.map(({ path, message }) => `${path.join('.')}: expected ${message}`).join('\n'),
    );
  const partner = parsed.data;
  const webhooks = Object.entries(mapping(mapping(written)['webhooks'])).map(([webhook, of]) => ({
    name: webhook,
    preset: textOf(mapping(of)['preset']),
    expect: durationMs.safeParse(mapping(of)['expect']).data,
  }));
  const parents = Object.entries(mapping(mapping(written)['streams'])).flatMap(([stream, of]) => {
    const parent = textOf(mapping(mapping(of)['parent'])['stream']);
    return parent === null ? [] : [[stream, parent] as const];
  });
  return { partner, webhooks, parents: new Map(parents) };
}

const ofPartner = ['name', 'schedules', 'targets'] as const;
const ofStream = ['freshness', 'table', 'targets', 'history', 'lane', 'disposition'] as const;

function onlyShown(written: unknown): Mapping {
  const all = mapping(written);
  const streams = Object.entries(mapping(all['streams'])).map(([name, stream]) => [
    name,
    { path: '/', schema: { type: 'object' }, ...picked(mapping(stream), ofStream) },
  ]);
  const limits = withoutVariables(mapping(all['limits']));
  return {
    ...picked(all, ofPartner),
    ...(Object.keys(limits).length === 0 ? {} : { limits }),
    baseUrl: 'https://not-known-here.invalid',
    streams: Object.fromEntries(streams),
  };
}

/** A limit that depends on a variable is not shown; the others are. */
const withoutVariables = (limits: Mapping): Mapping =>
  Object.fromEntries(Object.entries(limits).filter(([, limit]) => !/(^|[^$])\$\{/.test(JSON.stringify(limit))));

const picked = (of: Mapping, names: readonly string[]): Mapping =>
  Object.fromEntries(names.filter((name) => of[name] !== undefined).map((name) => [name, of[name]]));

const mapping = (value: unknown): Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Mapping) : {};

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null);
