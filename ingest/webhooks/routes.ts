import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Pool } from 'pg';
import type { CompiledWebhook } from '../../definitions/compile-webhooks.ts';
import type { WebhookPlace } from '../../definitions/webhooks.ts';
import { valueAt } from '../../core/json.ts';
import type { Log } from '../../http/log.ts';
import type { Intake } from '../intake.ts';
import { PROBLEM, Refusal } from '../problem.ts';
import { onlyMethods } from '../server.ts';
import type { Preset } from './preset.ts';
import { presetOf } from './presets.ts';
import { jsonOf, textAt } from './read-delivery.ts';
import type { RefusalCounts } from './refusal-counts.ts';
import { takeDelivery, type Fate } from './take-delivery.ts';
import { verify, type DeliveryHeaders } from './verify.ts';

export interface WebhookDeps {
  readonly pool: Pool;
  readonly intake: Pick<Intake, 'accept'>;
  readonly log: Log;
  /** Of a partner, with the secrets as they are now; undefined: there is no such partner. */
  readonly webhooks: (partner: string) => Promise<ReadonlyMap<string, CompiledWebhook> | undefined>;
  readonly refusals: Pick<RefusalCounts, 'count'>;
  /** How much of bodies is read at once, of all senders. */
  readonly bodyBytes?: number;
  readonly now?: () => number;
  /** A delivery was taken in, or `refused`. */
  readonly onDelivery?: (of: {
    readonly partner: string;
    readonly webhook: string;
    readonly fate: Fate | 'refused';
  }) => void;
}

interface Params {
  readonly partner: string;
  readonly webhook: string;
}

/** Whoever cannot sign learns nothing of why: RFC 9457 with nothing but the status. */
const UNAUTHORIZED = `${JSON.stringify({ type: 'about:blank', title: 'Unauthorized', status: 401 })}\n`;

/**
 * `POST /hooks/{partner}/{webhook}`. Expects a server that leaves bodies as the bytes that came. 200 says that the delivery is kept; senders repeat
 * what is answered otherwise.
 */
export function webhookRoutes(app: FastifyInstance, deps: WebhookDeps): void {
  const url = '/hooks/:partner/:webhook';
  const room = roomFor(deps.bodyBytes ?? MOST_BYTES);
  app.post<{ Params: Params }>(url, { onRequest: room }, async (request, reply) => {
    const webhook = (await deps.webhooks(request.params.partner))?.get(request.params.webhook);
    if (webhook === undefined)
      throw new Refusal('not_found', {
        detail: 'there is no such webhook; the definition of the partner names what there is',
      });
    return answer(deps, webhook, { request, reply });
  });
  onlyMethods(app, url, ['POST']);
}

/** Of bodies whose senders are not known yet: they have to be read before anybody can tell. */
const MOST_BYTES = 64 * 1024 * 1024;
/** What a body that does not say its length is taken to have. */
const UNTOLD_BYTES = 1024 * 1024;

/** Lets requests in while there is room for their bodies. */
function roomFor(most: number): (request: FastifyRequest, reply: FastifyReply) => Promise<void> {
  let taken = 0;
  return (request, reply) => {
    const told = Number(request.headers['content-length'] ?? UNTOLD_BYTES);
    const bytes = Number.isSafeInteger(told) && told >= 0 ? told : UNTOLD_BYTES;
    if (taken > 0 && taken + bytes > most)
      return Promise.reject(
        new Refusal('overloaded', {
          detail: 'too many deliveries are being read; send it again later',
          retryAfterS: 1,
        }),
      );
    taken += bytes;
    reply.raw.once('close', () => {
      taken -= bytes;
    });
    return Promise.resolve();
  };
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

async function answer(
  deps: WebhookDeps,
  webhook: CompiledWebhook,
  { request, reply }: Exchange,
): Promise<FastifyReply> {
  const { log, refusals, now = Date.now } = deps;
  const { definition, name } = webhook;
  const of = { partner: webhook.partner.name, webhook: name };
  const preset = presetOf(definition);
  const headers = headersOf(request.raw);
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const verified = verify(preset, {
    secrets: definition.secrets,
    toleranceMs: definition.tolerance,
    headers,
    body,
    method: request.method,
    url: urlOf(definition.url, request.url),
    nowMs: now(),
  });
  if (!verified.ok) {
    refusals.count(of.partner, of.webhook, verified.reason);
    deps.onDelivery?.({ ...of, fate: 'refused' });
    return reply.status(401).header('content-type', PROBLEM).serializer(String).send(UNAUTHORIZED);
  }
  const parsed = jsonOf(body);
  const challenge = challengeIn(preset, parsed);
  if (challenge !== undefined) return reply.status(200).type('application/json').serializer(String).send(challenge);
  const id = preset.id === undefined ? verified.id : placed(preset.id, headers, parsed);
  const headerType =
    preset.type !== undefined && 'header' in preset.type ? placed(preset.type, headers, parsed) : undefined;
  const taken = await takeDelivery(deps, webhook, { id, body, parsed, headerType });
  deps.onDelivery?.({ ...of, fate: taken.fate });
  if (taken.fate === 'failed' || taken.fate === 'altered')
    log.warn(
      { ...of, request: request.id, reason: taken.reason },
      'a webhook delivery could not be taken, and is kept',
    );
  // Xero wants nothing in the body, and nobody else reads it.
  return reply.status(200).send();
}

/** All values of each header: what Node joins could hide that one came twice. */
const headersOf = ({ headersDistinct }: IncomingMessage): DeliveryHeaders => headersDistinct;

/** The address as the sender has it, with what the request has of a query. */
function urlOf(declared: string | undefined, asked: string): string {
  const query = asked.indexOf('?');
  return declared === undefined || query === -1 || declared.includes('?')
    ? (declared ?? asked)
    : `${declared}${asked.slice(query)}`;
}

type Parsed = ReturnType<typeof jsonOf>;

function placed(place: WebhookPlace, headers: DeliveryHeaders, parsed: Parsed): string | undefined {
  if ('path' in place)
    return parsed === undefined ? undefined : textAt(parsed.value, place.path === '' ? [] : place.path.split('.'));
  const name = place.header.toLowerCase();
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  const text = typeof value === 'string' ? value : value?.[0];
  return text === '' ? undefined : text;
}

/** What a sender wants to have back when it asks whether somebody is there. */
function challengeIn({ challenge }: Preset, parsed: Parsed): string | undefined {
  if (challenge === undefined) return undefined;
  const value = parsed?.value;
  if (valueAt(value, challenge.path) !== challenge.equals) return undefined;
  const wanted = valueAt(value, challenge.answer);
  return typeof wanted === 'string' ? `${JSON.stringify({ [challenge.answer]: wanted })}\n` : undefined;
}
