import { CommanderError } from 'commander';
import { explain, InvalidInput } from '../core/errors.ts';
import { exitCodes } from './exit.ts';

/** What --json prints of a command that could not do its work; people read the same on stderr. */
export const errorDocument = (
  error: unknown,
): { readonly error: { readonly message: string; readonly exitCode: number } } => ({
  error: { message: explain(error).replace(/^error: /, ''), exitCode: exitCodeOfError(error) },
});

/** 2 where the command was given something wrong, else 1. */
export const exitCodeOfError = (error: unknown): number =>
  error instanceof InvalidInput || error instanceof CommanderError ? exitCodes.usage : exitCodes.failed;
