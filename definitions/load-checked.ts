import type { z } from 'zod';
import { interpolate, namesIn, type Environment } from './interpolate.ts';
import { invalidDefinition, OnlyMissing, pathKey, type Path, type Problem } from './problem.ts';
import { readDefinition } from './read-definition.ts';
import type { Secrets } from './secrets.ts';
import { checkShape } from './shape.ts';

export interface Checks<S extends z.ZodType> {
  readonly schema: S;
  readonly secrets: Secrets;
  /** What the shape alone cannot tell. `isSecret`: the text at a place came from the environment. */
  readonly check: (value: z.output<S>, isSecret: (path: Path) => boolean) => readonly Problem[];
  /** Variables that are not set are no fault: what stands for them is a stand-in. For what needs the shape of a definition alone. */
  readonly forgiveMissing?: boolean | undefined;
}

export interface Checked<T> {
  readonly value: T;
  /** As it is written. */
  readonly written: unknown;
  /** What stands for its `${NAME}`s. */
  readonly env: Environment;
  /** Those of them that may change while we run. */
  readonly changeable: Environment;
  /** Variables that are not set, which were forgiven. */
  readonly missing: readonly string[];
}

/** Reads, fills in and checks one file; everything that is wrong with it comes in one InvalidInput. */
export async function loadChecked<S extends z.ZodType>(
  file: string,
  { schema, secrets, check, forgiveMissing = false }: Checks<S>,
): Promise<Checked<z.output<S>>> {
  const { value, locate } = await readDefinition(file);
  const { env, problems: unreadable } = await secrets.read(namesIn(value));
  const filled = interpolate(value, env, unreadable);
  const shaped = checkShape(schema, filled.value, filled.touched);
  const found =
    'problems' in shaped ? shaped.problems : check(shaped.value, (path) => filled.touched.has(pathKey(path)));
  // What depends on a missing variable cannot be judged before it is there.
  const missing = new Set(filled.problems.map((problem) => pathKey(problem.path)));
  const absent = filled.problems.flatMap((problem) => problem.missing ?? []);
  const problems = [
    // A shape that only the missing text could have is told as what is missing.
    ...filled.problems.filter((problem) => !(forgiveMissing && 'value' in shaped && problem.missing !== undefined)),
    ...found
      .filter((problem) => !missing.has(pathKey(problem.path)))
      .map((problem) => ({ ...problem, says: conceal(problem.says, filled.taken) })),
  ];
  if (problems.length > 0 || 'problems' in shaped) {
    const invalid = invalidDefinition(file, problems, locate);
    throw problems.every((problem) => problem.missing !== undefined) ? new OnlyMissing(invalid.message) : invalid;
  }
  const changeable = Object.entries(env).filter(([key]) => secrets.mayChange(key));
  return {
    value: shaped.value,
    written: value,
    env,
    changeable: Object.fromEntries(changeable),
    missing: [...new Set(absent)],
  };
}

/** The last net: a message that names a stream or field does not know where that name came from. */
function conceal(says: string, taken: ReadonlySet<string>): string {
  return [...taken].filter((text) => text.length > 2).reduce((shown, text) => shown.replaceAll(text, '…'), says);
}
