import type { Client } from '@temporalio/client';
import type { SpanFacts } from '../core/spans.ts';
import { openTracing } from '../workers/tracing/tracing.ts';
import type { CommandContext } from './command.ts';
import { withTemporal } from './context.ts';

/** A person waits for the end of the command. */
const SEND_MS = 2000;

const quiet = (): void => {};

/** As `withTemporal`, for a command that starts work: where traces are wanted, its trace begins with the command (docs/tracing.md). */
export async function tracedTemporal<T>(
  { config, output }: Pick<CommandContext, 'config' | 'output'>,
  { name, facts }: { readonly name: string; readonly facts: SpanFacts },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const warn = (fields: Readonly<Record<string, unknown>>, message: string): void =>
    output.note(`${message}: ${String(fields['error'])}`);
  const log = { debug: quiet, info: quiet, warn };
  const tracing = await openTracing(config.traces, log, { sendMs: SEND_MS });
  try {
    return await tracing.spans.within({ name: `syncline ${name}`, facts }, () =>
      withTemporal(config, work, { interceptors: tracing.client }),
    );
  } finally {
    await tracing.close();
  }
}
