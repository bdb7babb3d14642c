import type { CompiledStream } from '../../definitions/compiled.ts';
import { idempotencyOf } from '../../definitions/push.ts';
import { recordInput } from '../../definitions/record-schema.ts';
import { problem } from '../problem.ts';
import type { ApiVersion } from '../versions/api-version.ts';
import { headers } from './headers.ts';
import type { OpenApi, PathItem, Schema } from './openapi.ts';
import { pagePaths } from './page-operations.ts';
import { probePaths } from './probe-paths.ts';
import { pushOperation, type PushTarget } from './push-operation.ts';
import { answerSchema, recordComponent } from './schemas.ts';
import { stateOperation } from './state-operation.ts';
import { webhookPath } from './webhook-path.ts';

/** What the API is, for programs: made of the schemas that answers are checked by. `streams`: those that whoever asks may push to. */
export function apiDocument({
  base,
  versions,
  streams = [],
}: {
  readonly base: string;
  readonly versions: readonly ApiVersion[];
  readonly streams?: readonly CompiledStream[];
}): OpenApi {
  const served = versions.filter(({ deprecation }) => deprecation?.ended !== true);
  return {
    openapi: '3.1.1',
    info: {
      title: 'Syncline: push',
      version: served.map(({ name }) => name).join(', '),
      summary: 'Send records to a warehouse: none is lost, none is doubled.',
      description:
        'Send records to a stream; a request that was answered 202 is durable. Send a request again, with the same Idempotency-Key, until it is answered. ' +
        'Errors are `application/problem+json` (RFC 9457) with a stable `code`. With your key this document also names the streams that you may push to, with the schemas of their records.',
    },
    servers: [{ url: base }],
    tags: [
      ...served.map(({ name }) => ({ name, description: `Version ${name.slice(1)} of the API.` })),
      { name: 'webhooks', description: 'What partners send of themselves.' },
      { name: 'pages', description: 'What is for people.' },
      { name: 'probes', description: 'What is for balancers.' },
    ],
    paths: {
      ...Object.assign({}, ...served.map((version) => versionPaths(version, base, streams))),
      ...webhookPath(base),
      ...pagePaths(base),
      ...probePaths(),
    },
    components: {
      schemas: {
        Problem: answerSchema(problem),
        ...Object.assign({}, ...served.map(versionSchemas)),
        ...Object.fromEntries(
          streams.map((stream) => [
            recordName(stream),
            recordComponent(recordInput(stream.definition.schema), recordName(stream)),
          ]),
        ),
      },
      headers,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'The key of a caller: `Authorization: Bearer KEY`.' },
      },
    },
  };
}

/** Names of partners and streams hold no dot, so no two are alike. */
const recordName = ({ partner, name }: CompiledStream): string => `${partner.name}.${name}`;

const versionSchemas = ({ name, accepted, state }: ApiVersion): Readonly<Record<string, Schema>> => ({
  [`${name}.Accepted`]: answerSchema(accepted.schema),
  [`${name}.RequestState`]: answerSchema(state.schema),
});

function versionPaths(
  version: ApiVersion,
  base: string,
  streams: readonly CompiledStream[],
): Readonly<Record<string, PathItem>> {
  return {
    ...Object.fromEntries(
      streams.map((stream) => [
        `/${version.name}/${stream.partner.name}/${stream.name}`,
        { post: pushOperation(version, base, targetOf(stream)) },
      ]),
    ),
    [`/${version.name}/{partner}/{stream}`]: { post: pushOperation(version, base) },
    [`/${version.name}/ingest/{id}`]: {
      get: stateOperation(version, base, 'get'),
      head: stateOperation(version, base, 'head'),
    },
  };
}

const targetOf = (stream: CompiledStream): PushTarget => ({
  partner: stream.partner.name,
  stream: stream.name,
  record: recordName(stream),
  keyRequired: idempotencyOf(stream.definition) === 'required',
});
