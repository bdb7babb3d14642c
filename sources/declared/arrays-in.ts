/** A field's name as people write them; a key that is data (an address, an id) does not look like one. */
const NAME = /^[A-Za-z_][A-Za-z_-]{0,39}$/;
const DEEPEST = 3;
const MOST = 5;

/**
 * Paths of the arrays in a body, outermost first, for somebody whose path to the records is wrong. Names only. Inside of an
 * array, its first object is looked at: `orders.*.lines`.
 */
export function arraysIn(body: unknown): readonly string[] {
  const found: string[] = [];
  let level: readonly (readonly [path: string, value: unknown])[] = [['', body]];
  for (let depth = 0; depth < DEEPEST && found.length < MOST; depth++) {
    const objects = level.flatMap(([path, value]) => firstObject(path, value));
    level = objects.flatMap(([path, value]) =>
      Object.entries(value)
        .filter(([key]) => NAME.test(key))
        .map(([key, inner]): readonly [string, unknown] => [path === '' ? key : `${path}.${key}`, inner]),
    );
    found.push(...level.filter(([, value]) => Array.isArray(value)).map(([path]) => path));
  }
  return found.slice(0, MOST);
}

function firstObject(path: string, value: unknown): (readonly [string, object])[] {
  if (!Array.isArray(value)) return isObject(value) ? [[path, value]] : [];
  const first: unknown = value.find(isObject);
  return first === undefined ? [] : [[path === '' ? '*' : `${path}.*`, first as object]];
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
