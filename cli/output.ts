import { visibleJson, visibleLines } from '../core/visible.ts';
import { ownStreams, type Streams } from './streams.ts';
import { paintLine, plainLook, type Look } from './terminal/paint.ts';
import { renderTable } from './terminal/table.ts';

export { renderTable } from './terminal/table.ts';

/** Whatever a command prints passes here: nothing that a partner sent steers the terminal. */
export interface Output {
  /** A line for people, or several; nothing with --json. */
  readonly say: (line: string) => void;
  readonly table: (rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]) => void;
  /** The result for scripts, one JSON document; nothing without --json. */
  readonly json: (value: unknown) => void;
  /** A line for people that is no part of the result, on stderr: also with --json. */
  readonly note: (line: string) => void;
}

/** `printed`: whether the document that --json promises was given. */
export type CommandOutput = Output & { readonly printed: () => boolean };

export function createOutput(json: boolean, look: Look = plainLook, to: Streams = ownStreams): CommandOutput {
  let printed = false;
  const print = (text: string): void => to.stdout(`${text}\n`);
  return {
    say: (line) => {
      if (!json) print(look.colours ? visibleLines(line).split('\n').map(paintLine).join('\n') : visibleLines(line));
    },
    table: (rows, columns) => {
      if (!json) print(renderTable(rows, columns, look));
    },
    json: (value) => {
      if (!json) return;
      printed = true;
      print(visibleJson(JSON.stringify(value, null, 2)));
    },
    note: (line) => to.stderr(`${visibleLines(line)}\n`),
    printed: () => printed,
  };
}
