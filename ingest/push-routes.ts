import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { noSpans, type Spans } from '../core/spans.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { idempotencyOf } from '../definitions/push.ts';
import type { Admitted, Gate, Knock } from './gate.ts';
import { idempotencyKey } from './idempotency-key.ts';
import type { IngestMetrics } from './ingest-metrics.ts';
import type { Intake } from './intake.ts';
import { Refusal } from './problem.ts';
import { bodyKind, readRecords, usualBodyLimits, type BodyLimits } from './read-records.ts';
import { onlyMethods } from './server.ts';
import type { ApiVersion } from './versions/api-version.ts';
import { shownAccepted } from './versions/shown-answer.ts';
import { v1 } from './versions/v1.ts';

export interface PushDeps {
  readonly gate: Gate;
  readonly intake: Intake;
  /** Of a partner; undefined: there is none. */
  readonly streams: (partner: string) => Promise<ReadonlyMap<string, CompiledStream> | undefined>;
  /** Who asks, as far as the connection tells. */
  readonly knock: (request: FastifyRequest) => Knock;
  readonly limits?: BodyLimits;
  readonly metrics?: Pick<IngestMetrics, 'answered'>;
  readonly spans?: Spans;
}

interface Params {
  readonly partner: string;
  readonly stream: string;
}

const admitted = new WeakMap<FastifyRequest, Admitted>();
/** Streams that are there: no label is made of what a request says. */
const known = new WeakMap<FastifyRequest, Params>();

/** Lets a request of a caller go on; its answer says how its limits stand, whatever it is. */
export async function admit(
  { gate, knock }: Pick<PushDeps, 'gate' | 'knock'>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<Admitted> {
  const caller = await gate.admit(knock(request));
  for (const [name, value] of Object.entries(caller.headers)) void reply.header(name, value);
  admitted.set(request, caller);
  return caller;
}
export const callerOf = (request: FastifyRequest): Admitted => admitted.get(request) as Admitted;

/** `POST /v1/{partner}/{stream}`, also of other versions. */
export function pushRoutes(app: FastifyInstance, deps: PushDeps, version: ApiVersion = v1): void {
  const { intake, limits = usualBodyLimits, spans = noSpans } = deps;
  const url = `/${version.name}/:partner/:stream`;
  app.post<{ Params: Params; Querystring: { atomic?: string } }>(url, {
    onRequest: async (request, reply) => {
      const caller = await admit(deps, request, reply);
      const { partner, stream } = request.params;
      if (!caller.mayPush(partner, stream))
        throw new Refusal('not_allowed', {
          detail: `the caller may not push to ${partner}/${stream}; have its scopes changed with \`syncline callers\``,
        });
      intake.checkRoom(caller.priority);
    },
    onResponse: (request, reply) => {
      const { statusCode: status, elapsedTime: durationMs } = reply;
      deps.gate.tell?.(admitted.get(request), status);
      deps.metrics?.answered(known.get(request), { status, durationMs });
      return Promise.resolve();
    },
    handler: async (request, reply) => {
      const { headers, params, query } = request;
      const stream = await streamOf(deps, params);
      known.set(request, { partner: stream.partner.name, stream: stream.name });
      const caller = callerOf(request);
      const kind = bodyKind(headers['content-type']);
      if (kind === undefined)
        throw new Refusal('unsupported_type', {
          detail: 'Content-Type: expected application/json or application/x-ndjson in UTF-8',
        });
      const atomic = flag(query.atomic);
      const key = keyOf(stream, headers['idempotency-key']);
      const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      const body = await unpacked(raw, headers['content-encoding'], limits);
      const records = readRecords(body, kind, limits);
      const operation = `push ${stream.partner.name}/${stream.name}`;
      const pushed = {
        stream,
        records,
        listed: kind === 'ndjson' || body.find((byte) => byte === BRACKET || byte === BRACE) === BRACKET,
        atomic,
        caller: caller.name,
        priority: caller.priority,
        requestId: request.id,
        receivedAt: new Date().toISOString(),
        bytes: body.length,
        misfits: 'refuse',
        claim:
          key === undefined
            ? undefined
            : { operation, key, fingerprint: fingerprint([operation, kind, String(atomic)], body) },
      } as const;
      const { answer: stored, replayed } = await spans.within(
        {
          name: `POST ${stream.partner.name}.${stream.name}`,
          kind: 'server',
          traceparent: typeof headers['traceparent'] === 'string' ? headers['traceparent'] : undefined,
          facts: { records: records.length, bytes: body.length, request_id: request.id },
        },
        () => intake.accept(pushed),
      );
      const answer = shownAccepted(version, stored);
      if (replayed) void reply.header('idempotent-replayed', 'true');
      if (answer.location !== null) void reply.header('location', answer.location);
      return reply
        .status(answer.status)
        .header('content-type', 'application/json; charset=utf-8')
        .serializer(String)
        .send(answer.body);
    },
  });
  onlyMethods(app, url, ['POST']);
}

async function streamOf({ streams }: PushDeps, params: Params): Promise<CompiledStream> {
  const stream = (await streams(params.partner))?.get(params.stream);
  if (stream?.definition.push === undefined)
    throw new Refusal('not_found', {
      detail: `no stream ${params.partner}/${params.stream} takes pushes; its definition says so with \`push: {}\``,
    });
  return stream;
}

function keyOf(stream: CompiledStream, header: string | readonly string[] | undefined): string | undefined {
  const key = idempotencyKey(header);
  if (key === undefined && idempotencyOf(stream.definition) === 'required')
    throw new Refusal('key_missing', {
      detail: `${stream.partner.name}/${stream.name} cannot recognise a repeated record; send an Idempotency-Key, such as a UUID, and the same one when you send the request again`,
    });
  return key;
}

function flag(value: string | undefined): boolean {
  if (value === undefined || value === 'false') return false;
  if (value === 'true' || value === '') return true;
  throw new Refusal('bad_request', { detail: 'atomic: expected true or false, found something else' });
}

const BRACKET = 0x5b;
const BRACE = 0x7b;

const unzip = promisify(gunzip);

/** At most as many bytes as a body may have, however small it comes. */
async function unpacked(body: Buffer, encoding: string | undefined, { bytes }: BodyLimits): Promise<Buffer> {
  const named = (encoding ?? 'identity').trim().toLowerCase();
  if (named === 'identity') return body;
  if (named !== 'gzip')
    throw new Refusal('unsupported_type', {
      detail: 'Content-Encoding: expected gzip, or none',
      headers: { 'accept-encoding': 'gzip' },
    });
  try {
    return await unzip(body, { maxOutputLength: bytes });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE')
      throw new Refusal('too_large', {
        detail: `expected at most ${bytes} bytes once unpacked, found more; send fewer records in one request`,
      });
    throw new Refusal('body_invalid', { detail: 'Content-Encoding: expected gzip, found something that is none' });
  }
}

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

function fingerprint(of: readonly string[], body: Buffer): Buffer {
  return createHash('sha256')
    .update(`${JSON.stringify(of)}\n`)
    .update(body)
    .digest();
}
