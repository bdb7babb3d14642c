import { formatDuration } from '../../core/duration.ts';
import { explain } from '../../core/errors.ts';
import { visible } from '../../core/visible.ts';
import type { Webhook } from '../../definitions/webhooks.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { webhookFacts, type WebhookFacts } from '../../store/webhooks/list-webhooks.ts';
import { standingWords, webhookStanding, type WebhookStanding } from '../../store/webhooks/silence.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { expiredSecrets } from '../expired-secrets.ts';

interface Listed {
  readonly partner: string;
  readonly webhook: string;
  /** undefined: it came, and no definition declares it any more. */
  readonly declared: Webhook | undefined;
  readonly facts: WebhookFacts | undefined;
  readonly standing: WebhookStanding;
}

export async function webhooksList({
  config,
  output,
  partner,
}: CommandContext & { readonly partner: string | undefined }): Promise<number> {
  const names = partner === undefined ? await listPartners(config.partnersDir) : [partner];
  const declared: { partner: string; webhook: string; of: Webhook }[] = [];
  for (const name of names) {
    const loading = loadPartner(name, { dir: config.partnersDir, env: config.env });
    // Of all partners, one that does not hold hides no other.
    const loaded = await (partner === undefined
      ? loading.catch((error: unknown) => output.say(`${name}: ${explain(error)}`))
      : loading);
    for (const [webhook, of] of Object.entries(loaded?.webhooks ?? {})) declared.push({ partner: name, webhook, of });
  }
  const listed = await withDatabase(config, async (pool) => {
    const facts = (await webhookFacts(pool)).filter((one) => partner === undefined || one.partner === partner);
    const all: Listed[] = [];
    const seen = new Set<string>();
    for (const one of [...declared, ...facts.map((fact) => ({ ...fact, of: undefined }))]) {
      const id = `${one.partner}/${one.webhook}`;
      if (seen.has(id)) continue;
      seen.add(id);
      const place = { partner: one.partner, webhook: one.webhook };
      all.push({
        ...place,
        declared: one.of,
        facts: facts.find((fact) => fact.partner === one.partner && fact.webhook === one.webhook),
        standing: await webhookStanding(pool, { ...place, expect: one.of?.expect }, { nowMs: Date.now() }),
      });
    }
    return all;
  });
  output.json(
    listed.map(({ declared: of, facts, standing, ...place }) => ({
      ...place,
      path: pathOf(place),
      signed: of === undefined ? null : signedAs(of),
      ...facts,
      silentMs: standing.silentMs ?? null,
      expectedMs: standing.expectedMs ?? null,
      says: wordsOf({ ...place, declared: of, facts, standing }),
    })),
  );
  if (listed.length === 0) output.say('No definition has webhooks, and none came.');
  else output.table(listed.map(rowOf), [...COLUMNS]);
  for (const { facts, partner: of, webhook } of listed) {
    const refused = Object.entries(facts?.refused ?? {});
    if (refused.length > 0)
      output.say(
        `${of}/${webhook}: refused in the last 7 days: ${refused.map(([reason, count]) => `${count} × ${reason}`).join(', ')}`,
      );
  }
  const words = listed.flatMap(wordsOf);
  for (const says of words) output.say(visible(says));
  return words.length === 0 ? exitCodes.ok : exitCodes.partial;
}

const wordsOf = ({ partner, webhook, declared, standing }: Listed): readonly string[] => [
  ...(declared === undefined ? [] : expiredSecrets(`${partner}/${webhook}`, declared, Date.now())),
  ...standingWords(standing),
];

const COLUMNS = [
  'webhook',
  'signed',
  'path',
  'last',
  'silent',
  'taken',
  'again',
  'ignored',
  'failed',
  'hints',
] as const;

const pathOf = ({ partner, webhook }: { readonly partner: string; readonly webhook: string }): string =>
  `/hooks/${partner}/${webhook}`;

const signedAs = ({ preset, signature }: Webhook): string => preset ?? `${signature?.header} (${signature?.algorithm})`;

function rowOf({ partner, webhook, declared, facts, standing }: Listed): Record<string, unknown> {
  const { silentMs, expectedMs } = standing;
  return {
    webhook: `${partner}/${webhook}`,
    signed: declared === undefined ? '(not declared any more)' : signedAs(declared),
    path: pathOf({ partner, webhook }),
    last: facts?.lastAt?.slice(0, 19) ?? 'never',
    silent:
      silentMs === undefined
        ? '-'
        : `${formatDuration(silentMs)}${expectedMs === undefined ? '' : ` of ${formatDuration(expectedMs)}`}`,
    taken: facts?.taken ?? 0,
    again: facts?.repeated ?? 0,
    ignored: facts?.ignored ?? 0,
    failed: facts?.failed ?? 0,
    hints:
      facts === undefined ? 0 : `${facts.hints.open}${facts.hints.failed > 0 ? ` (${facts.hints.failed} failed)` : ''}`,
  };
}
