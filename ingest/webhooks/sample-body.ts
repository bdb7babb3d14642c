import { InvalidInput } from '../../core/errors.ts';
import type { CompiledWebhook } from '../../definitions/compile-webhooks.ts';
import type { Preset } from './preset.ts';
import { readDelivery } from './read-delivery.ts';

/** What an event of a test is called, so that no route takes it. */
export const TEST_TYPE = 'syncline.test';

/**
 * A made-up delivery of an event, which says that it is one. Throws InvalidInput where a route would take it although nobody asked for that: it would
 * leave a made-up record, or a sync.
 */
export function sampleBody(
  webhook: CompiledWebhook,
  preset: Preset,
  asked: { readonly id: string; readonly type: string | undefined },
): Buffer {
  const { id, type = TEST_TYPE } = asked;
  let event: unknown = { test: 'made by `syncline webhooks test`' };
  if (preset.type !== undefined && 'path' in preset.type) event = withAt(event, preset.type.path, type);
  if (preset.id !== undefined && 'path' in preset.id) event = withAt(event, preset.id.path, id);
  const value = preset.each === undefined ? event : withAt({}, preset.each, [event]);
  const body = Buffer.from(JSON.stringify(value));
  const read = readDelivery(webhook, preset, { body, headerType: type });
  if (asked.type === undefined && read.ignored === 0)
    throw new InvalidInput(
      `a route of ${webhook.name} takes every event, also a made-up one: give one of your own with --body, or --type to say that you mean it`,
    );
  return body;
}

function withAt(value: unknown, path: string, set: unknown): unknown {
  if (path === '') return set;
  const [step = '', ...rest] = path.split('.');
  const of = (value ?? {}) as Readonly<Record<string, unknown>>;
  return { ...of, [step]: withAt(of[step], rest.join('.'), set) };
}
