import { charactersOf } from './fit.ts';

/** Lines at the end of a terminal that are drawn over and over; whatever else is printed appears above them. */
export interface Live {
  readonly draw: (lines: readonly string[]) => void;
  /** Takes them away; the next draw brings them back. */
  readonly clear: () => void;
}

/** Undefined where there is no terminal: a log of a thousand bars is no progress. */
export function liveLines(stream: NodeJS.WriteStream): Live | undefined {
  if (!stream.isTTY) return undefined;
  let drawn = 0;
  const clear = (): void => {
    if (drawn > 0) stream.write(`\u001B[${drawn}A\u001B[0J`);
    drawn = 0;
  };
  return {
    clear,
    draw: (lines) => {
      clear();
      const room = (stream.columns || 80) - 1;
      const shown = lines
        .slice(0, Math.max((stream.rows || 24) - 4, 1))
        .map((line) => charactersOf(line).slice(0, room).join(''));
      for (const line of shown) stream.write(`${line}\n`);
      drawn = shown.length;
    },
  };
}
