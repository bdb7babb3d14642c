import type { CommandContext } from './command.ts';
import { errorDocument } from './error-document.ts';
import type { CommandOutput } from './output.ts';

/** Runs a command. One that fails gives scripts the document that --json promises, too. */
export async function runCommand<O>(
  work: (context: CommandContext<O>) => Promise<number>,
  context: CommandContext<O> & { readonly output: CommandOutput },
): Promise<number> {
  try {
    return await work(context);
  } catch (error) {
    if (!context.output.printed()) context.output.json(errorDocument(error));
    throw error;
  }
}
