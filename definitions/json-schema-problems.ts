import { closest } from './closest.ts';
import { pointed, type JsonSchema } from './json-schema.ts';
import {
  annotations,
  assertions,
  cures,
  formats,
  lists,
  maps,
  singles,
  typeOf,
  types,
} from './json-schema-keywords.ts';
import type { Path, Problem } from './problem.ts';

type Keywords = { readonly [keyword: string]: unknown };

/**
 * What in a JSON Schema would be refused, or, worse, be passed over in silence, by `z.fromJSONSchema`: a rule that is not
 * checked looks like a rule that every record keeps.
 */
export function jsonSchemaProblems(root: JsonSchema, base: Path): readonly Problem[] {
  return problemsAt(root, base, root);
}

function problemsAt(schema: unknown, path: Path, root: JsonSchema): Problem[] {
  if (typeof schema === 'boolean') return [];
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    return [{ path, says: 'expected a JSON Schema: a mapping, or true for any value' }];
  const keywords = schema as Keywords;
  return [
    ...unsupported(keywords, path),
    ...reference(keywords, path, root),
    ...typeProblems(keywords, path),
    ...formatProblems(keywords, path),
    ...valueProblems(keywords, path),
    ...misspelt(keywords, path),
    ...subschemas(keywords, path).flatMap(([inner, at]) => problemsAt(inner, at, root)),
  ];
}

function unsupported(schema: Keywords, path: Path): Problem[] {
  const problems = Object.keys(schema)
    .filter((keyword) => cures.has(keyword) && !('if' in schema && (keyword === 'then' || keyword === 'else')))
    .map((keyword) => ({ path: [...path, keyword], says: `\`${keyword}\` is not supported; ${cures.get(keyword)}` }));
  if ('nullable' in schema) {
    const types = [schema.type ?? 'string'].flat().map(String);
    problems.push({
      path: [...path, 'nullable'],
      says: `\`nullable\` is OpenAPI's, and would be ignored; write type: [${[...types, "'null'"].join(', ')}]`,
    });
  }
  return problems;
}

function reference(schema: Keywords, path: Path, root: JsonSchema): Problem[] {
  const target = schema.$ref;
  if (target === undefined) return [];
  const at = [...path, '$ref'];
  if (typeof target !== 'string') return [{ path: at, says: 'expected a text such as #/$defs/address' }];
  if (!target.startsWith('#'))
    return [
      {
        path: at,
        says: 'a $ref to another document is not followed; copy that schema into $defs and write #/$defs/<name>',
      },
    ];
  if (target !== '#' && !/^#\/(\$defs|definitions)\/[^/]+$/.test(target))
    return [{ path: at, says: 'expected # or #/$defs/<name>; move the schema it means into $defs' }];
  if (pointed(root, target) === undefined) {
    const holder = target.startsWith('#/$defs') ? '$defs' : 'definitions';
    const near = closest(
      target,
      Object.keys((root as Keywords)[holder] ?? {}).map((name) => `#/${holder}/${name}`),
    );
    return [
      {
        path: at,
        says: `there is no such schema; ${near === undefined ? `define it under ${holder}` : `did you mean ${near}?`}`,
      },
    ];
  }
  const lost = Object.keys(schema).filter((keyword) => keyword !== '$ref' && assertions.has(keyword));
  return lost.length === 0
    ? []
    : [{ path: at, says: `${lost.join(', ')} beside $ref would be ignored; write allOf: [{ $ref: … }, { … }]` }];
}

function typeProblems(schema: Keywords, path: Path): Problem[] {
  if (schema.type === undefined) {
    const free = Object.keys(schema).filter((keyword) => Object.hasOwn(typeOf, keyword));
    const settled = '$ref' in schema || 'enum' in schema || 'const' in schema;
    const [first] = free;
    return first === undefined || settled
      ? []
      : [{ path, says: `\`${first}\` without \`type\` would not be checked; add type: ${typeOf[first]}` }];
  }
  return [schema.type].flat().flatMap((type: unknown) => {
    if (typeof type === 'string' && types.includes(type)) return [];
    const near = typeof type === 'string' ? closest(type, types) : undefined;
    return [
      {
        path: [...path, 'type'],
        says: `expected one of ${types.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`,
      },
    ];
  });
}

function formatProblems(schema: Keywords, path: Path): Problem[] {
  const { format } = schema;
  if (format === undefined) return [];
  const at = [...path, 'format'];
  if (typeof format !== 'string') return [{ path: at, says: 'expected a text' }];
  const declared: unknown[] = [schema.type].flat();
  if (declared.includes('string')) {
    if (formats.includes(format)) return [];
    const near = closest(format, formats);
    const cure =
      near === undefined ? `use a pattern, or leave it out; known: ${formats.join(', ')}` : `did you mean ${near}?`;
    return [{ path: at, says: `this format is not known, and would not be checked; ${cure}` }];
  }
  const numeric = declared.some((type) => type === 'integer' || type === 'number');
  // OpenAPI's formats of numbers say how wide a machine's number is: nothing that a record could break.
  if (schema.type === undefined || (numeric && /^(int32|int64|float|double)$/.test(format))) return [];
  return [{ path: at, says: 'a format is only checked with type: string; leave it out' }];
}

function valueProblems(schema: Keywords, path: Path): Problem[] {
  const problems: Problem[] = [];
  if (typeof schema.pattern === 'string' && !isPattern(schema.pattern))
    problems.push({ path: [...path, 'pattern'], says: 'not a valid regular expression' });
  if ('enum' in schema && !(Array.isArray(schema.enum) && schema.enum.length > 0 && schema.enum.every(isScalar)))
    problems.push({ path: [...path, 'enum'], says: 'expected a list of texts, numbers, booleans or null' });
  if ('const' in schema && !isScalar(schema.const))
    problems.push({ path: [...path, 'const'], says: 'expected a text, a number, a boolean or null' });
  if ('was' in schema && ![schema.was].flat().every((name: unknown) => typeof name === 'string' && name !== ''))
    problems.push({ path: [...path, 'was'], says: 'expected the name that the field had before, or a list of them' });
  const fields = Object.keys(schema.properties ?? {});
  for (const [index, name] of (Array.isArray(schema.required) ? schema.required : []).entries())
    if (!fields.includes(String(name))) {
      const near = closest(String(name), fields);
      const cure = near === undefined ? 'add it to properties' : `did you mean ${near}?`;
      problems.push({
        path: [...path, 'required', index],
        says: `this field is not in properties beside it, and would not be asked for; ${cure}`,
      });
    }
  return problems;
}

/** zod takes a keyword that it does not know for an annotation. */
function misspelt(schema: Keywords, path: Path): Problem[] {
  return Object.keys(schema).flatMap((keyword) => {
    if (assertions.has(keyword) || annotations.has(keyword) || cures.has(keyword) || keyword.startsWith('x-'))
      return [];
    const near = closest(keyword, [...assertions]);
    return near === undefined
      ? []
      : [{ path: [...path, keyword], says: `unknown keyword, and would be ignored; did you mean ${near}?` }];
  });
}

function subschemas(schema: Keywords, path: Path): [unknown, Path][] {
  return Object.entries(schema).flatMap(([keyword, value]): [unknown, Path][] => {
    const at = [...path, keyword];
    if (maps.has(keyword) && typeof value === 'object' && value !== null)
      return Object.entries(value).map(([name, inner]) => [inner, [...at, name]]);
    if (Array.isArray(value) && lists.has(keyword)) return value.map((inner, index) => [inner, [...at, index]]);
    return singles.has(keyword) && !Array.isArray(value) ? [[value, at]] : [];
  });
}

const isScalar = (value: unknown): boolean => value === null || ['string', 'number', 'boolean'].includes(typeof value);

function isPattern(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
