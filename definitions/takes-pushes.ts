import type { CompiledStream } from './compiled.ts';

/** Whether records come to a stream by themselves: from callers, or from a webhook that carries records or deletes. */
export function takesPushes({ name, definition, partner: { webhooks = {} } }: CompiledStream): boolean {
  if (definition.push !== undefined) return true;
  return Object.values(webhooks).some(({ routes }) =>
    routes.some(({ as, stream }) => stream === name && (as === 'record' || as === 'delete')),
  );
}
