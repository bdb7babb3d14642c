import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explain } from '../core/errors.ts';
import type { TargetDefinition } from '../definitions/targets.ts';
import { loadDriver } from '../targets/duckdb/load-driver.ts';
import { openTarget } from '../workers/open-target.ts';
import { whereOf } from './describe-target.ts';
import { heldBy } from './held-by.ts';
import { isThere } from './is-there.ts';

export interface CheckedTarget {
  readonly target: string;
  readonly kind: string;
  readonly where: string;
  readonly state: 'ok' | 'problem';
  /** What it is, or what to do. */
  readonly says: string;
}

interface Checking {
  readonly definition: TargetDefinition;
  /** Whose tables these are. */
  readonly owner: string;
  /** Whether a worker serves it now; undefined: nobody can tell. */
  readonly served: boolean | undefined;
}

/** Opens it beside the workers that may have it. Makes nothing that is not there yet. */
export async function checkTarget(name: string, checking: Checking): Promise<CheckedTarget> {
  const { definition } = checking;
  const shown = { target: name, kind: definition.type, where: whereOf(definition) };
  try {
    return { ...shown, state: 'ok', says: await says(name, checking) };
  } catch (error) {
    return { ...shown, state: 'problem', says: explain(error) };
  }
}

async function says(name: string, { definition, owner, served }: Checking): Promise<string> {
  if (definition.type === 'duckdb' && !(await isThere(definition.path)))
    return served === true
      ? 'there is no such file on this machine: the worker that serves it makes it where that worker runs, with the first load'
      : checkNew(definition.path);
  try {
    if (definition.type === 'duckdb') await mayWrite(definition.path);
    const target = await openTarget(name, definition, owner);
    try {
      return await target.check();
    } finally {
      await target.close();
    }
  } catch (error) {
    const holder = heldBy(error);
    if (holder === undefined || served !== true) throw error;
    return `a worker has it open (${holder})`;
  }
}

/** A file that the first load will make. */
async function checkNew(path: string): Promise<string> {
  const driver = await loadDriver();
  let folder = dirname(path);
  while (!(await isThere(folder)) && dirname(folder) !== folder) folder = dirname(folder);
  await mayWrite(folder);
  return `DuckDB ${driver.version()}; the first load makes the file`;
}

async function mayWrite(path: string): Promise<void> {
  await access(path, constants.W_OK).catch((cause: unknown) => {
    throw new Error(`${path} cannot be written by this user: give it the right to, or set another path`, { cause });
  });
}
