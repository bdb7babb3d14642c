import { randomUUID } from 'node:crypto';
import { noFailpoint } from '../../core/failpoint.ts';
import { visible } from '../../core/visible.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { compileWebhooks } from '../../definitions/compile-webhooks.ts';
import { loadPartner } from '../../definitions/load.ts';
import { tablesOf, targetsOf } from '../../definitions/named-targets.ts';
import { createIntake } from '../../ingest/intake.ts';
import { Refusal } from '../../ingest/problem.ts';
import { retakeDelivery } from '../../ingest/webhooks/take-delivery.ts';
import { withAllMade } from '../../landing/made-columns.ts';
import { failedDeliveries } from '../../store/webhooks/deliveries.ts';
import { reopenHints } from '../../store/webhooks/work.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { tellTargetsOf } from '../tell-targets-of.ts';
import { webhookNamed } from '../webhook-named.ts';

interface ReplayContext extends CommandContext {
  readonly partner: string;
  readonly webhook: string;
}

const BATCH = 100;

/** Takes again what could not be taken, as the definition is now. */
export async function webhooksReplay({ config, output, partner, webhook: name }: ReplayContext): Promise<number> {
  const definition = await loadPartner(partner, { dir: config.partnersDir, env: config.env });
  const landed = new Set<string>();
  const replayed = await withDatabase(config, async (pool) => {
    const streams = await withAllMade(pool, compilePartner(definition, config.names));
    const webhook = webhookNamed(compileWebhooks(streams), { partner, webhook: name });
    const intake = createIntake({
      pool,
      names: config.names,
      log: {
        debug: () => {},
        info: () => {},
        warn: (fields, message) => output.say(`${message}: ${String(fields['error'])}`),
      },
      failpoint: noFailpoint,
      writer: `replay/${randomUUID()}`,
      onLanded: (stream) => {
        for (const one of [stream.name, ...(stream.relations?.dependents ?? [])]) landed.add(one);
      },
    });
    const counts = { taken: 0, ignored: 0, failed: 0 };
    const reasons = new Set<string>();
    for (let after = '0'; ;) {
      const failed = await failedDeliveries(pool, { partner, webhook: name, after, limit: BATCH });
      if (failed.length === 0) break;
      for (const delivery of failed) {
        after = delivery.no;
        const { fate, reason } = await retakeDelivery({ pool, intake }, webhook, delivery).catch((error: unknown) => {
          if (!(error instanceof Refusal)) throw error;
          return { fate: 'failed' as const, reason: error.message };
        });
        if (fate === 'taken' || fate === 'ignored') counts[fate] += 1;
        else counts.failed += 1;
        if (reason !== undefined) reasons.add(reason);
      }
    }
    return { ...counts, reasons: [...reasons], hints: await reopenHints(pool, { partner, webhook: name }) };
  });
  for (const stream of landed)
    for (const table of tablesOf(stream))
      await tellTargetsOf(config, { partner, stream: table, targets: targetsOf(definition, table) });
  const { taken, ignored, failed, reasons, hints } = replayed;
  output.json(replayed);
  output.say(
    taken + ignored + failed === 0
      ? 'No delivery had failed.'
      : `Deliveries: ${taken} taken, ${ignored} that no route wants, ${failed} that still cannot be taken.`,
  );
  for (const reason of reasons.slice(0, 10)) output.say(visible(`  ${reason}`));
  if (hints > 0) output.say(`Records that are asked for again: ${hints}.`);
  return failed === 0 ? exitCodes.ok : exitCodes.partial;
}
