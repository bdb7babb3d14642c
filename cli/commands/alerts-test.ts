import { ruleNames, RUNBOOKS } from '../../alerts/catalog.ts';
import { testMessage } from '../../alerts/message.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import { closest } from '../../definitions/closest.ts';
import { loadAlerts } from '../../definitions/load-alerts.ts';
import { sendMessage } from '../../notify/send-message.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';

/** Sends from here, once: what is delivered for real is sent by workers, and tried again. */
export async function alertsTest({
  config,
  output,
  channel: wanted,
}: CommandContext & { readonly channel: string | undefined }): Promise<number> {
  const { settings } = await loadAlerts({ dir: config.partnersDir, env: config.env }, ruleNames);
  const names = Object.keys(settings.channels);
  if (names.length === 0)
    throw new InvalidInput(`no channel is declared: write alerts.yaml in ${config.partnersDir} (docs/alerts.md)`);
  if (wanted !== undefined && !names.includes(wanted)) {
    const near = closest(wanted, names);
    throw new InvalidInput(
      `there is no channel ${JSON.stringify(wanted)}${near === undefined ? `: there are ${names.join(', ')}` : `; did you mean "${near}"?`}`,
    );
  }
  const now = new Date();
  const message = testMessage(`alert-test-${now.getTime()}`, {
    at: now.toISOString(),
    runbook: settings.runbooks ?? RUNBOOKS,
  });
  const results: { channel: string; type: string; taken: boolean; error: string | null }[] = [];
  for (const [name, channel] of Object.entries(settings.channels)) {
    if (wanted !== undefined && name !== wanted) continue;
    const error = await sendMessage({ name, channel }, message, { env: config.env, now: Date.now }).then(
      () => null,
      (failure: unknown) => explain(failure),
    );
    results.push({ channel: name, type: channel.type, taken: error === null, error });
    output.say(error === null ? `${name} (${channel.type}): taken` : `${name} (${channel.type}): NOT taken: ${error}`);
  }
  output.json(results);
  return results.every(({ taken }) => taken) ? exitCodes.ok : exitCodes.failed;
}
