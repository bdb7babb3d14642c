import type { Config } from '../config/config.ts';
import type { Output } from './output.ts';

/** What every command gets. */
export interface CommandContext<O = object> {
  readonly config: Config & { readonly uiUrl: string | undefined };
  readonly output: Output;
  readonly options: O;
}

/** How main.ts runs a command with its configuration and output; its number is the exit code. */
export type Run = <O extends object>(
  work: (context: CommandContext<O>) => Promise<number>,
) => (options: O) => Promise<void>;
