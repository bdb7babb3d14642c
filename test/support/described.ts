import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { OpenApi, Operation, Response } from '../../ingest/openapi/openapi.ts';
import type { Answered } from './use-ingest.ts';

/** Compiles schemas that point into a document. Formats are those that ours have. */
export function schemasOf(document: OpenApi): (schema: unknown) => ValidateFunction {
  const ajv = new Ajv2020({
    strict: false,
    allErrors: true,
    formats: {
      uuid: /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/,
      'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
      uri: (text: string) => URL.canParse(text),
      'uri-reference': (text: string) => URL.canParse(text, 'http://base.example'),
    },
  });
  ajv.addSchema({ $id: 'https://document.example/', ...document });
  // ajv keeps what it compiles by the object, so that the same schema again would be kept once more.
  const compiled = new Map<string, ValidateFunction>();
  return (schema) => {
    const text = JSON.stringify(schema).replaceAll('"#/components/', '"https://document.example/#/components/');
    const validate = compiled.get(text) ?? ajv.compile(JSON.parse(text) as object);
    compiled.set(text, validate);
    return validate;
  };
}

/** Of every answer over HTTP, or for browsers (helmet). */
const general = new Set(
  `cache-control connection content-length content-type date keep-alive transfer-encoding vary content-security-policy cross-origin-opener-policy
   cross-origin-resource-policy origin-agent-cluster referrer-policy strict-transport-security x-content-type-options x-dns-prefetch-control
   x-download-options x-frame-options x-permitted-cross-domain-policies x-xss-protection`.split(/\s+/),
);

export interface Asked {
  readonly method: string;
  readonly path: string;
}

/** What of an answer a document does not describe; nothing: all of it is described. */
export function undescribed(document: OpenApi, { method, path }: Asked, answer: Answered): readonly string[] {
  const item = itemOf(document, path.split('?')[0] as string);
  const ofRefusal = (): readonly string[] =>
    method === 'HEAD' && answer.text === '' ? [] : ofProblem(document, answer);
  if (item === undefined) return answer.status === 404 ? ofRefusal() : [`${path} is not in it`];
  const operation = (item as Readonly<Record<string, Operation | undefined>>)[method.toLowerCase()];
  if (operation === undefined) {
    const allow = answer.headers.get('allow')?.toLowerCase().split(', ').toSorted();
    const same = JSON.stringify(allow) === JSON.stringify(Object.keys(item).toSorted());
    return answer.status === 405 && same ? ofRefusal() : [`${method} is not in it`];
  }
  const response = operation.responses[String(answer.status)];
  return response === undefined
    ? [`${method} ${path} has no ${answer.status}`]
    : [...ofHeaders(document, response, answer), ...ofBody(document, response, answer)];
}

function itemOf({ paths }: OpenApi, path: string): OpenApi['paths'][string] | undefined {
  const names = Object.keys(paths).toSorted((a, b) => a.split('{').length - b.split('{').length);
  const name = names.find((each) =>
    new RegExp(`^${each.replaceAll('.', '\\.').replaceAll(/\{\w+\}/g, '[^/]*')}$`).test(path),
  );
  return name === undefined ? undefined : paths[name];
}

const known = new WeakMap<OpenApi, ReturnType<typeof schemasOf>>();

const ofProblem = (document: OpenApi, answer: Answered): readonly string[] =>
  ofBody(
    document,
    { description: '', content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } } },
    answer,
  );

function ofHeaders({ components }: OpenApi, { headers = {} }: Response, answer: Answered): readonly string[] {
  const lower = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const unknown = [...answer.headers.keys()].filter((name) => !general.has(name) && !lower.has(name));
  const missing = Object.keys(headers).filter(
    (name) => components.headers[name]?.required === true && answer.headers.get(name) === null,
  );
  return [...unknown.map((name) => `header ${name}`), ...missing.map((name) => `without header ${name}`)];
}

function ofBody(document: OpenApi, { content }: Response, { headers, text, body }: Answered): readonly string[] {
  const type = headers.get('content-type')?.split(';')[0];
  if (content === undefined) return text === '' ? [] : ['a body'];
  const media = type === undefined ? undefined : content[type];
  if (media === undefined) return [`content type ${type}`];
  const compiled = known.get(document) ?? schemasOf(document);
  known.set(document, compiled);
  const validate = compiled(media.schema);
  validate(body);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
