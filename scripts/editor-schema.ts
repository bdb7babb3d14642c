import { z } from 'zod';
import { formatDuration } from '../core/duration.ts';
import { alertsFile } from '../definitions/alerts.ts';
import { partner } from '../definitions/definition.ts';
import { duplicatesFile } from '../definitions/duplicates.ts';
import { durationMs } from '../definitions/duration-text.ts';
import { targetsFile } from '../definitions/targets.ts';

type Json = Record<string, unknown>;

/** JSON Schemas of what people write in YAML, for editors: by the names of their files in `schema/`. */
export const editorSchemas = (): Readonly<Record<string, Json>> => ({
  'partner.schema.json': editorSchema(partner, 'A partner definition of Syncline'),
  'alerts.schema.json': editorSchema(alertsFile, 'Who is told of what is wrong in a Syncline installation'),
  'duplicates.schema.json': editorSchema(duplicatesFile, 'Which rows of a Syncline installation mean the same thing'),
  'targets.schema.json': editorSchema(targetsFile, 'The targets of a Syncline installation'),
});

/** As the definition is written: before defaults and the environment are filled in, and without what only TypeScript can say. */
function editorSchema(schema: z.ZodType, title: string): Json {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      const { def } = zodSchema as unknown as { readonly def: Definition };
      if (def.type === 'custom') jsonSchema.not = {};
      if (isDuration(def)) jsonSchema.pattern = DURATION;
      // zod leaves out the default of what is transformed, since it is one of the output.
      if (def.type === 'default' && isDuration(innermost(def)))
        jsonSchema.default = durationText(Number(def.defaultValue));
    },
  }) as Json;
  const { $schema, ...rest } = json;
  return { $schema, title, ...(written(rest) as Json), definitions: { environment: ENVIRONMENT } };
}

const DURATION = String.raw`^\d+(\.\d+)?(ms|s|m|h|d|w)$`;
// Without a description: yaml-language-server would show it in place of that of the field.
const ENVIRONMENT = { type: 'string', pattern: String.raw`\$\{`, $comment: '${NAME} or ${NAME:-default}' };

interface Definition {
  readonly type: string;
  readonly in?: unknown;
  readonly innerType?: { readonly def: Definition };
  readonly defaultValue?: unknown;
}

/** With further conditions it is another schema around the same text. */
const isDuration = (def: Definition): boolean => def.in !== undefined && def.in === durationMs.def.in;

const innermost = (def: Definition): Definition => (def.innerType === undefined ? def : innermost(def.innerType.def));
const durationText = (ms: number): string => (ms === 0 ? '0s' : formatDuration(ms));

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** No YAML fits: it is a function, or needs a field that is one. */
function isNever(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  const { not, properties = {}, required = [] } = schema;
  return not !== undefined || (required as string[]).some((field) => isNever((properties as Json)[field]));
}

/** Whatever is no free text may come from the environment; what is a function or a zod schema cannot be written. */
function written(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { default: fallback, description, ...plain } = schema;
  const said = {
    ...(description === undefined ? {} : { description: described(description as string, fallback) }),
    ...(fallback === undefined ? {} : { default: fallback }),
  };
  const branches = Array.isArray(plain['anyOf']) ? plain['anyOf'].filter((branch) => !isNever(branch)) : [];
  if (branches.length === 1 && Object.keys(plain).length === 1) return { ...(written(branches[0]) as Json), ...said };
  if (isScalar(plain)) return { anyOf: [plain, { $ref: '#/definitions/environment' }], ...said };
  const mapped = Object.entries(plain).map(([keyword, value]): [string, unknown] => {
    if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'allOf')
      return [keyword, (value as unknown[]).filter((branch) => !isNever(branch)).map(written)];
    if (keyword === 'properties') {
      const fields = Object.entries(value as Json).filter(([, field]) => !isNever(field));
      return [keyword, Object.fromEntries(fields.map(([name, field]) => [name, written(field)]))];
    }
    return [keyword, keyword === 'items' || keyword === 'additionalProperties' ? written(value) : value];
  });
  return { ...Object.fromEntries(mapped), ...said };
}

/** Editors show the description of a field, and not its default. */
function described(description: string, fallback: unknown): string {
  const text = inYaml(fallback);
  return text === '' ? description : `${description} (default ${text})`;
}

/** '' where there is no default to speak of. */
function inYaml(value: unknown): string {
  if (value === undefined || value === false || value === '') return '';
  if (Array.isArray(value)) return value.length === 0 ? '' : `[${value.map(inYaml).join(', ')}]`;
  if (isObject(value)) {
    const fields = Object.entries(value).map(([name, field]) => `${name}: ${inYaml(field)}`);
    return fields.length === 0 ? '' : `{ ${fields.join(', ')} }`;
  }
  return typeof value === 'string' && /^[\w./:-]+$/.test(value) ? value : JSON.stringify(value);
}

/** A constant stays: it tells the branches of a union apart. */
function isScalar({ type, pattern, format, enum: choices, const: constant }: Json): boolean {
  if (constant !== undefined) return false;
  if (type === 'number' || type === 'integer' || type === 'boolean') return true;
  return type === 'string' && (pattern !== undefined || format !== undefined || choices !== undefined);
}
