import { InvalidInput } from '../core/errors.ts';
import { closest } from '../definitions/closest.ts';
import type { Partner } from '../definitions/definition.ts';
import { loadPartner } from '../definitions/load.ts';
import { OnlyMissing } from '../definitions/problem.ts';
import { isPushOnly } from '../definitions/push.ts';
import type { CommandContext } from './command.ts';

/**
 * Refuses at once what no worker could do: a definition that is broken, a stream that it does not have, streams that are only pushed.
 * Variables that are not set here are no fault: workers have their own.
 */
export async function checkBeforeSync(
  { partnersDir: dir, env }: CommandContext['config'],
  asked: { readonly partner: string; readonly streams: readonly string[] },
): Promise<void> {
  try {
    checkStreams(await loadPartner(asked.partner, { dir, env, forgiveMissing: true }), asked.streams);
  } catch (error) {
    if (!(error instanceof OnlyMissing)) throw error;
  }
}

function checkStreams({ name, streams: defined }: Partner, asked: readonly string[]): void {
  const names = Object.keys(defined);
  const pulled = Object.entries(defined).flatMap(([stream, definition]) => (isPushOnly(definition) ? [] : [stream]));
  for (const stream of asked) {
    if (pulled.includes(stream)) continue;
    const near = closest(stream, names);
    throw new InvalidInput(
      names.includes(stream)
        ? `stream ${stream} of ${name} has no path: callers push its records (docs/push.md), so there is nothing to pull`
        : `${name} has no stream ${JSON.stringify(stream)}: ${near === undefined ? `it has ${names.join(', ')}` : `did you mean "${near}"?`}`,
    );
  }
  if (pulled.length === 0)
    throw new InvalidInput(
      `no stream of ${name} has a path: callers push their records (docs/push.md), so there is nothing to pull`,
    );
}
