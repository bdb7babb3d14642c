import type { Config } from '../config/config.ts';
import { withTemporal } from './context.ts';

/** Whoever cannot be told now is told by the next commit, or found behind by the worker of the target. */
export async function tellTargetsOf(
  config: Config,
  {
    partner,
    stream,
    targets,
  }: { readonly partner: string; readonly stream: string; readonly targets: readonly string[] },
): Promise<void> {
  if (targets.length === 0) return;
  await withTemporal(config, async (client) => {
    const { tellTarget } = await import('../client/tell-target.ts');
    for (const target of targets) await tellTarget(client, { names: config.names, target, partner, stream });
  }).catch(() => {});
}
