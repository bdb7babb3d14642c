/** What keeps a value from its place in a body, in words. */
export interface Misplaced {
  readonly says: string;
}

/**
 * A copy of a JSON body with a value at a dotted path. Objects that are missing are made; a number is the index of an item where a list is.
 * Nothing that the body says may be lost on the way.
 */
export function setInBody(
  body: Readonly<Record<string, unknown>>,
  path: string,
  value: string | number,
): { readonly body: Readonly<Record<string, unknown>> } | Misplaced {
  const set = setAt(body, path.split('.'), { value, done: [] });
  return set instanceof Misfit ? { says: set.says } : { body: set as Readonly<Record<string, unknown>> };
}

class Misfit {
  readonly says: string;
  constructor(says: string) {
    this.says = says;
  }
}

interface Setting {
  readonly value: string | number;
  /** Steps that were taken. */
  readonly done: readonly string[];
}

function setAt(at: unknown, steps: readonly string[], { value, done }: Setting): unknown {
  const [step, ...rest] = steps;
  const here = done.length === 0 ? 'the top of the body' : `"${done.join('.')}"`;
  if (step === undefined)
    return typeof at === 'object' && at !== null
      ? new Misfit(`${here} is ${nameOf(at)}, which the value would replace; name the place in it`)
      : value;
  const further: Setting = { value, done: [...done, step] };
  if (Array.isArray(at)) {
    const index = /^\d{1,6}$/.test(step) ? Number(step) : Number.NaN;
    if (!(index < at.length))
      return new Misfit(
        at.length === 0
          ? `the list at ${here} is empty; write the item into the body`
          : `${here} is a list of ${at.length}: expected an index from 0 to ${at.length - 1}, found "${step}"`,
      );
    const inner = setAt(at[index], rest, further);
    return inner instanceof Misfit ? inner : at.with(index, inner);
  }
  if (at === undefined && /^\d+$/.test(step))
    return new Misfit(`there is no list at ${here} that "${step}" could be an index of; write it into the body`);
  if (at !== undefined && (typeof at !== 'object' || at === null))
    return new Misfit(`${here} is ${nameOf(at)}, which has no "${step}" in it`);
  const object = (at ?? {}) as Readonly<Record<string, unknown>>;
  const inner = setAt(Object.hasOwn(object, step) ? object[step] : undefined, rest, further);
  return inner instanceof Misfit ? inner : { ...object, [step]: inner };
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  return typeof value === 'string' ? 'a text' : typeof value === 'number' ? 'a number' : 'true or false';
}
