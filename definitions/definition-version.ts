import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson } from '../core/canonical.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import type { JsonSchema } from './json-schema.ts';
import type { Requires } from './requires.ts';

/**
 * 16 hex digits that change when a change of the definition can change requests or rows. Credentials and what only sets
 * pace, order or alarms stay out: rotating a token or raising a limit must not make a half-done run start again.
 * Functions count by their text, so their dependencies do not; nor do the insides of zod transforms.
 */
export function definitionVersion(
  partner: Partner,
  stream: StreamDefinition,
  { json, transforms }: { readonly json: JsonSchema; readonly transforms: string | undefined },
): string {
  const {
    lane: _lane,
    concurrency: _concurrency,
    freshness: _freshness,
    errorBudget: _errorBudget,
    onMismatch: _onMismatch,
    quarantinePayload: _quarantinePayload,
    targets: _targets,
    history: _history,
    keep: _keep,
    calls: _calls,
    push: _push,
    auth: _auth,
    polling: _polling,
    rules: _rules,
    requires,
    // Their keys are secrets; the stamp stands for them.
    transforms: _transforms,
    headers,
    schema: _schema,
    deletes,
    ...shaping
  } = stream;
  const shape = {
    ...shaping,
    deletes: deletes && { ...deletes, hold: undefined },
    ...(requires === undefined ? {} : { requires: shapingNeeds(requires) }),
    schema: json,
    ...(transforms === undefined ? {} : { transforms }),
    basePath: new URL(partner.baseUrl).pathname,
    headerNames: [...Object.keys(partner.headers), ...Object.keys(headers)]
      .map((name) => name.toLowerCase())
      .toSorted(),
    partnerErrors: partner.errors,
  };
  return createHash('sha256')
    .update(canonicalJson(plain(shape)))
    .digest('hex')
    .slice(0, 16);
}

/** How long a record may wait only raises alarms, and how its need is asked for shapes nothing of its own stream. */
const shapingNeeds = (requires: Requires): unknown =>
  Object.fromEntries(
    Object.entries(requires).map(([name, { within: _within, fetch: _fetch, ...need }]) => [name, need]),
  );

function plain(value: unknown): unknown {
  if (typeof value === 'function') return { function: String(value) };
  if (typeof value !== 'object' || value === null || value instanceof z.ZodType) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
