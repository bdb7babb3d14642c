import { createHmac, timingSafeEqual, verify as verifySignature } from 'node:crypto';
import type { WebhookSecret } from '../../definitions/webhooks.ts';
import { keyOf, type OpeningKey } from './key-of.ts';
import type { HeaderNames, Preset } from './preset.ts';
import { signedContent, type SignedParts } from './signed-content.ts';
import { readSignatures } from './read-signatures.ts';
import { timeOf } from './timestamp.ts';

/** Headers by their names in lower case; of one that came several times, all its values. */
export type DeliveryHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Delivery {
  readonly secrets: readonly WebhookSecret[];
  readonly toleranceMs: number;
  readonly headers: DeliveryHeaders;
  /** The exact bytes that came. */
  readonly body: Buffer;
  readonly method: string;
  /** As the sender knows it. */
  readonly url: string;
  readonly nowMs: number;
}

/** Why a delivery is refused. For our log: the sender gets one answer for all of them. */
export type Refused =
  | 'no secret is valid now'
  | 'a header is missing'
  | 'a header came twice'
  | 'a header cannot be read'
  | 'the signature fits no secret'
  | 'the time is too old'
  | 'the time is too far ahead';

export type Verified =
  | { readonly ok: true; /** Signed with the body. */ readonly id?: string; readonly atMs?: number }
  | { readonly ok: false; readonly reason: Refused };

/**
 * Whether a delivery is signed with one of the secrets that are valid now, and its time is near ours. All of them are tried, however many fit, and
 * bytes are compared in constant time. Never throws.
 */
export function verify(preset: Preset, delivery: Delivery): Verified {
  try {
    return verifyWith(preset, delivery);
  } catch {
    // Whatever comes from outside must end in an answer.
    return refused('a header cannot be read');
  }
}

function verifyWith(preset: Preset, delivery: Delivery): Verified {
  const { secrets, headers, nowMs, toleranceMs } = delivery;
  const names = namesIn(preset, headers);
  const values = headerValues(names, headers);
  if ('reason' in values) return refused(values.reason);
  const read = readSignatures(values.signature, preset.written);
  if (read === undefined) return refused('a header cannot be read');
  const written = values.timestamp ?? read.timestamp;
  const atMs = written === undefined ? undefined : timeOf(written, preset.timestamp);
  if (atMs === null) return refused('a header cannot be read');
  // The id ends at a dot: with dots in it, an id, a time and a body could be cut in other places and sign the same.
  if (values.id !== undefined && (values.id.length > LONGEST_ID || values.id.includes('.')))
    return refused('a header cannot be read');

  const keys = secrets.filter((secret) => isValid(secret, nowMs)).flatMap(({ value }) => keyOf(value, preset) ?? []);
  if (keys.length === 0) return refused('no secret is valid now');
  const { id } = values;
  const content = signedContent(preset, {
    body: delivery.body,
    method: delivery.method,
    url: delivery.url,
    ...(id === undefined ? {} : { id }),
    ...(written === undefined ? {} : { timestamp: written }),
  });
  if (content === undefined) return refused('a header is missing');
  let fits = false;
  for (const key of keys) fits = opens(key, { preset, content, signatures: read.signatures }) || fits;
  if (!fits) return refused('the signature fits no secret');
  if (atMs !== undefined && nowMs - atMs > toleranceMs) return refused('the time is too old');
  if (atMs !== undefined && atMs - nowMs > toleranceMs) return refused('the time is too far ahead');
  return { ok: true, ...(id === undefined ? {} : { id }), ...(atMs === undefined ? {} : { atMs }) };
}

const LONGEST_ID = 256;

const refused = (reason: Refused): Verified => ({ ok: false, reason });

/** Whether a secret opens anything at that time. */
export const isValid = ({ from, until }: WebhookSecret, nowMs: number): boolean =>
  (from === undefined || Date.parse(from) <= nowMs) && (until === undefined || nowMs < Date.parse(until));

/** A sender with two sets of names sends one of them whole. */
const namesIn = ({ headers: sets }: Preset, headers: DeliveryHeaders): HeaderNames =>
  sets.find(({ signature }) => Object.hasOwn(headers, signature)) ?? (sets[0] as HeaderNames);

interface HeaderValues {
  readonly signature: string;
  readonly timestamp?: string;
  readonly id?: string;
}

function headerValues(names: HeaderNames, headers: DeliveryHeaders): HeaderValues | { readonly reason: Refused } {
  const found: Record<string, string> = {};
  for (const [part, name] of Object.entries(names)) {
    const value: unknown = Object.hasOwn(headers, name) ? headers[name] : undefined;
    const all: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (all.length > 1) return { reason: 'a header came twice' };
    if (typeof all[0] !== 'string' || all[0] === '') return { reason: 'a header is missing' };
    found[part] = all[0];
  }
  return found as unknown as HeaderValues;
}

interface Signed {
  readonly preset: Preset;
  readonly content: readonly Buffer[];
  readonly signatures: SignedParts['signatures'];
}

/** Each signature is compared, also behind one that fits. */
function opens(key: OpeningKey, { preset, content, signatures }: Signed): boolean {
  let fits = false;
  if (key.kind === 'public') {
    const whole = Buffer.concat(content);
    for (const { version, bytes } of decoded(signatures, preset))
      if (version === 'v1a' && bytes.length === 64) fits = verifySignature(null, whole, key.key, bytes) || fits;
    return fits;
  }
  const hmac = createHmac(preset.algorithm, key.key);
  for (const part of content) hmac.update(part);
  const expected = hmac.digest();
  for (const { version, bytes } of decoded(signatures, preset))
    if (version === 'v1' && bytes.length === expected.length) fits = timingSafeEqual(bytes, expected) || fits;
  return fits;
}

function decoded(
  signatures: SignedParts['signatures'],
  { encoding }: Preset,
): { readonly version: string; readonly bytes: Buffer }[] {
  return signatures.flatMap(({ version, text }) => {
    const bytes = bytesOf(text, encoding);
    return bytes === undefined ? [] : [{ version, bytes }];
  });
}

/** Node's decoder skips what it does not know: a text that decodes to the same bytes is not the same signature. */
function bytesOf(text: string, encoding: Preset['encoding']): Buffer | undefined {
  if (encoding === 'hex') return /^(?:[0-9a-f]{2})+$/i.test(text) ? Buffer.from(text, 'hex') : undefined;
  const bytes = Buffer.from(text, encoding);
  return bytes.toString(encoding) === text ? bytes : undefined;
}
