import type { Client, ScheduleDescription } from '@temporalio/client';
import { listSchedules, presentOf } from '../client/schedules.ts';
import { explain, InvalidInput } from '../core/errors.ts';
import type { Names } from '../messages/names.ts';
import { compareSchedules, type ScheduleChange } from '../core/schedule.ts';
import type { Compares } from '../definitions/compare-times.ts';
import { loadCompares } from '../definitions/load-compares.ts';
import { declaredCompares, declaredJoins, declaredSchedules } from '../definitions/declared-schedules.ts';
import type { Partner } from '../definitions/definition.ts';
import { listPartners, loadPartner } from '../definitions/load.ts';
import { loadDuplicates, type LoadedDuplicates } from '../definitions/load-duplicates.ts';
import type { CommandContext } from './command.ts';

/** All of them or none: with one file unread, its schedules would look as if they had been taken out. */
export async function allPartners(config: CommandContext['config']): Promise<readonly Partner[]> {
  const names = await listPartners(config.partnersDir);
  const loaded = await Promise.allSettled(
    names.map((name) => loadPartner(name, { dir: config.partnersDir, env: config.env })),
  );
  const broken = loaded.flatMap((each) => (each.status === 'rejected' ? [explain(each.reason)] : []));
  if (broken.length > 0)
    throw new InvalidInput(`nothing was done, since not all definitions can be read:\n${broken.join('\n')}`);
  return loaded.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

/** All that declares schedules. */
export interface Declaring {
  readonly partners: readonly Partner[];
  readonly duplicates: LoadedDuplicates['settings'];
  readonly compares: Compares;
}

export async function allDeclaring(config: CommandContext['config']): Promise<Declaring> {
  const partners = await allPartners(config);
  const { settings } = await loadDuplicates({ dir: config.partnersDir, env: config.env });
  return { partners, duplicates: settings, compares: await loadCompares({ dir: config.partnersDir, env: config.env }) };
}

export interface Compared {
  /** As Temporal has them. */
  readonly found: readonly ScheduleDescription[];
  /** What `schedule apply` would do. */
  readonly changes: readonly ScheduleChange[];
}

export async function compareWithTemporal(
  client: Client,
  names: Names,
  { partners, duplicates, compares }: Declaring,
): Promise<Compared> {
  const declared = [
    ...partners.flatMap((partner) => declaredSchedules(names, partner)),
    ...declaredJoins(names, duplicates),
    ...declaredCompares(names, compares),
  ];
  const found = await listSchedules(
    client,
    names,
    declared.map(({ id }) => id),
  );
  return { found, changes: compareSchedules(declared, found.map(presentOf)) };
}

export const isPending = ({ kind }: ScheduleChange): boolean => kind !== 'unchanged';
