import type { CommandContext } from '../../cli/command.ts';
import { renderTable } from '../../cli/output.ts';
import type { Config } from '../../config/config.ts';

/** What a command printed, and the document that it gives to scripts. */
export interface Said {
  readonly code: number;
  readonly text: string;
  readonly json: unknown;
}

/** Runs a command of the CLI in this process, as cli/main.ts does. */
export async function said<O>(
  config: Config,
  options: O,
  command: (context: CommandContext<O>) => Promise<number>,
): Promise<Said> {
  const lines: string[] = [];
  let document: unknown;
  const code = await command({
    config: { ...config, uiUrl: undefined },
    options,
    output: {
      say: (line) => void lines.push(line),
      // As wide as it wants to be: what is tested here are the words, not their lines.
      table: (rows, columns) => void lines.push(renderTable(rows, columns, { columns: 1000, colours: false })),
      note: (line) => void lines.push(line),
      json: (value) => {
        document = JSON.parse(JSON.stringify(value));
      },
    },
  });
  return { code, text: lines.join('\n'), json: document };
}
