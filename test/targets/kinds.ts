import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import type { TargetDefinition } from '../../definitions/targets.ts';
import type { Reached } from '../../targets/apply-points.ts';
import type { Target } from '../../targets/target.ts';
import { openTarget } from '../../workers/open-target.ts';
import { target as definition } from '../../definitions/targets.ts';
import { databaseUrl, inDatabase } from '../support/database.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

/** Every kind of warehouse that a stream can be written to. What is said of one in the suites over this list holds for all. */
export const kinds = ['duckdb', 'postgres'] as const;
export type Kind = (typeof kinds)[number];

export interface UsedKind {
  /** A warehouse that nobody has written to, as `targets.yaml` would name it. */
  declare(): Promise<TargetDefinition>;
  /** Opens it as workers do; closed after the test. */
  open(definition: TargetDefinition, reached?: Reached): Promise<Target>;
  /** One that nobody has written to, opened. */
  fresh(): Promise<Target>;
}

export function useKind(kind: Kind): UsedKind {
  let folder: TemporaryFolder;
  const databases: string[] = [];
  const opened: Target[] = [];
  let files = 0;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    for (const target of opened.splice(0)) await target.close();
  });
  afterAll(async () => {
    for (const name of databases) await inDatabase('postgres', `drop database ${name} with (force)`);
    await folder.remove();
  });
  const declare: Readonly<Record<Kind, () => Promise<TargetDefinition>>> = {
    duckdb: () =>
      Promise.resolve(definition.parse({ type: 'duckdb', path: join(folder.path, `${(files += 1)}.duckdb`) })),
    postgres: async () => {
      const name = `target_${randomUUID().replaceAll('-', '')}`;
      await inDatabase('postgres', `create database ${name}`);
      databases.push(name);
      return definition.parse({ type: 'postgres', url: databaseUrl(name) });
    },
  };
  const used: UsedKind = {
    declare: declare[kind],
    open: async (of, reached) => {
      const target = await openTarget(kind, of, 'syncline', reached);
      opened.push(target);
      return target;
    },
    fresh: async () => used.open(await used.declare()),
  };
  return used;
}
