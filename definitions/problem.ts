import { InvalidInput } from '../core/errors.ts';

export type Path = readonly (string | number)[];

/** One thing that is wrong in a definition. */
export interface Problem {
  readonly path: Path;
  /** `expected …, found …; what to do`. Holds no value that may be secret. */
  readonly says: string;
  /** The variable that is all that is wrong here: another process may have it. */
  readonly missing?: string;
}

/** Line and column (from 1) of the part of the file that a path means; undefined where there are none (`.ts`). */
export type Locate = (path: Path) => { readonly line: number; readonly col: number } | undefined;

/** Nothing is wrong but that variables are not set, and without them the shape cannot be judged either. */
export class OnlyMissing extends InvalidInput {}

const unlocated: Locate = () => undefined;

/** All problems of a file in one error: `file:line:column path: what is wrong; what to do`. */
export function invalidDefinition(
  file: string,
  problems: readonly Problem[],
  locate: Locate = unlocated,
): InvalidInput {
  const lines = problems.map((problem) => {
    const place = locate(problem.path);
    const at = place === undefined ? file : `${file}:${place.line}:${place.col}`;
    return problem.path.length === 0 ? `${at}: ${problem.says}` : `${at} ${dotted(problem.path)}: ${problem.says}`;
  });
  const unique = [...new Set(lines)];
  return new InvalidInput(
    unique.length === 1
      ? (unique[0] as string)
      : `${unique.length} problems in ${file}:\n${unique.map((line) => `  ${line}`).join('\n')}`,
  );
}

/** `streams.payments.errors.0.status`. */
export const dotted = (path: Path): string => path.join('.');

/** A path as a key of a set or map. */
export const pathKey = (path: Path): string => JSON.stringify(path);
