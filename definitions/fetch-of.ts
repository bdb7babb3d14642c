import { compileWebhooks } from './compile-webhooks.ts';
import type { CompiledFetch, CompiledStream } from './compiled.ts';

/** How a record of the stream is asked for by its key, if any definition says so: one that needs it, or a webhook. */
export function fetchOf(streams: ReadonlyMap<string, CompiledStream>, name: string): CompiledFetch | undefined {
  for (const { relations } of streams.values())
    for (const { stream, field, fetch } of relations?.needs ?? [])
      if (stream === name && field === '' && fetch !== undefined) return fetch;
  for (const { routes } of compileWebhooks(streams).values())
    for (const { as, stream, fetch } of routes)
      if (as === 'hint' && stream?.name === name && fetch !== undefined) return fetch;
  return undefined;
}
