import { CommanderError } from 'commander';
import { explain, InvalidInput } from '../core/errors.ts';
import { visibleJson, visibleLines } from '../core/visible.ts';
import { exitCodes } from './exit.ts';
import type { Streams } from './streams.ts';

/** What --json prints of a command that could not do its work; people read the same on stderr. */
export const errorDocument = (
  error: unknown,
): { readonly error: { readonly message: string; readonly exitCode: number } } => ({
  error: { message: explain(error).replace(/^error: /, ''), exitCode: exitCodeOfError(error) },
});

/** 2 where the command was given something wrong, else 1; 0 where it was asked for help. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  return error instanceof InvalidInput ? exitCodes.usage : exitCodes.failed;
}

/** Says why a command ended, in the last place, and returns its exit code. Commander has said its own errors by itself, but not in JSON. */
export function sayError(error: unknown, { json, to }: { readonly json: boolean; readonly to: Streams }): number {
  const code = exitCodeOfError(error);
  if (!(error instanceof CommanderError)) to.stderr(`syncline: ${visibleLines(explain(error))}\n`);
  else if (json && code !== exitCodes.ok) to.stdout(`${visibleJson(JSON.stringify(errorDocument(error), null, 2))}\n`);
  return code;
}
