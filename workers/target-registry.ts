import { stat } from 'node:fs/promises';
import type { Partners } from '../activities/access.ts';
import type { TargetsAccess } from '../activities/apply/targets-access.ts';
import { streamOf } from '../core/table-name.ts';
import { findTargets } from '../definitions/find.ts';
import type { Environment } from '../definitions/interpolate.ts';
import { loadTargets, type LoadedTargets } from '../definitions/load-targets.ts';
import { checkNamedTargets, targetsOf } from '../definitions/named-targets.ts';
import { secretsOf } from '../definitions/secrets.ts';
import { STORE, target, type TargetDefinition } from '../definitions/targets.ts';
import { unknownTarget } from '../definitions/unknown-target.ts';
import type { Reached } from '../targets/apply-points.ts';
import type { Target } from '../targets/target.ts';
import type { Failpoint } from '../core/failpoint.ts';
import { openTarget } from './open-target.ts';
import { isCurrent } from './rotating-authorizer.ts';

export interface TargetRegistryDeps {
  readonly dir: string;
  readonly env: Environment;
  /** Whose tables these are: two installations never write one table. */
  readonly owner: string;
  readonly partners: Pick<Partners, 'streams'>;
  readonly now: () => number;
  /** The store's own database, which histories may be in. */
  readonly storeUrl?: string;
  readonly failpoint?: Failpoint;
}

export interface TargetRegistry extends TargetsAccess {
  /** All that are declared now. */
  readonly names: () => Promise<readonly string[]>;
  readonly close: () => Promise<void>;
}

interface Read extends LoadedTargets {
  /** Which version of which file was read. */
  readonly of: string;
}

interface Opened {
  /** What it was opened as. */
  readonly as: string;
  readonly target: Promise<Target>;
}

/** Targets from `targets.yaml`, read again when the file or a secret has changed; each is opened once in a process. */
export function targetRegistry(deps: TargetRegistryDeps): TargetRegistry {
  const secrets = secretsOf(deps.env, deps.now);
  const opened = new Map<string, Opened>();
  let read: Read | undefined;
  const reached: Reached = async (point) => {
    if (point === 'inserted') await deps.failpoint?.('apply.middle');
  };

  const current = async (): Promise<Read> => {
    const of = await versionOf(deps.dir);
    if (read?.of === of && (await isCurrent(secrets, read.changeable))) return read;
    read = { ...(await loadTargets({ dir: deps.dir, env: deps.env, secrets })), of };
    return read;
  };
  const definitionOf = async (name: string): Promise<TargetDefinition> => {
    if (name === STORE && deps.storeUrl !== undefined) return target.parse({ type: 'postgres', url: deps.storeUrl });
    const { targets } = await current();
    const found = targets.get(name);
    if (found === undefined) throw unknownTarget(name, [...targets.keys()]);
    return found;
  };

  return {
    of: async (partnerName, table) => {
      const streams = await deps.partners.streams(partnerName);
      const partner = streams.get(streamOf(table))?.partner;
      if (partner === undefined) return [];
      const names = targetsOf(partner, table);
      if (names.length > 0) await checkNamedTargets(partner, deps);
      return names;
    },
    open: async (name) => {
      const definition = await definitionOf(name);
      const as = JSON.stringify(definition);
      const before = opened.get(name);
      if (before?.as === as) return before.target;
      const opening = (async () => {
        // Two handles of one process on one file would not see each other's locks.
        await closeOne(before);
        return openTarget(name, definition, deps.owner, reached);
      })();
      opened.set(name, { as, target: opening });
      // What could not be opened is tried again by whoever asks next.
      opening.catch(() => opened.get(name)?.target === opening && opened.delete(name));
      return opening;
    },
    loads: async (name) => {
      const { every: everyMs, rows } = await definitionOf(name);
      return { everyMs, rows };
    },
    names: async () => [...(await current()).targets.keys()],
    close: async () => {
      await Promise.all([...opened.values()].map(closeOne));
      opened.clear();
    },
  };
}

async function closeOne(opened: Opened | undefined): Promise<void> {
  await opened?.target.then((target) => target.close()).catch(() => {});
}

async function versionOf(dir: string): Promise<string> {
  const file = await findTargets(dir);
  return file === undefined ? '' : `${file} ${(await stat(file)).mtimeMs}`;
}
