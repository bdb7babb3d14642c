import type { Config } from '../config/config.ts';
import type { Output } from './output.ts';

/** What every command gets. */
export interface CommandContext<O = object> {
  readonly config: Config & { readonly uiUrl: string | undefined };
  readonly output: Output;
  readonly options: O;
}
