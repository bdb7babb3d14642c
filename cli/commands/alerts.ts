import type { Pool } from 'pg';
import { alertKey, placeWords, severities, type AlertRow, type Severity } from '../../core/alert.ts';
import { matchWords, type AlertMatch } from '../../core/alert-silence.ts';
import { parseDuration } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { ageText } from '../../core/freshness.ts';
import { ruleNames } from '../../alerts/catalog.ts';
import { closest } from '../../definitions/closest.ts';
import { listAlerts, readAlerts } from '../../store/alerts/alerts.ts';
import { endSilence, readSilences, silenceAlerts } from '../../store/alerts/silences.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { givenReason, whoami } from '../person.ts';
import { positive } from '../positive.ts';

export interface AlertsListOptions {
  readonly partner?: string;
  readonly all?: boolean;
  readonly check?: boolean;
  readonly limit: string;
  readonly json?: boolean;
}

export async function alertsList({ config, output, options }: CommandContext<AlertsListOptions>): Promise<number> {
  const limit = positive('--limit', options.limit);
  const { partner, all } = options;
  const alerts = await withDatabase(config, (pool) =>
    listAlerts(pool, { partner, limit, ...(all === true ? {} : { open: true }) }),
  );
  output.json(alerts);
  if (alerts.length === 0) output.say(all === true ? 'There has been no alert.' : 'No alert is open.');
  for (const alert of alerts) for (const line of linesOf(alert, Date.now())) output.say(line);
  const loud = alerts.filter(({ resolvedAt, silenced }) => resolvedAt === null && silenced === null);
  return options.check === true && loud.length > 0 ? exitCodes.failed : exitCodes.ok;
}

function linesOf(alert: AlertRow, nowMs: number): readonly string[] {
  const { id, rule, severity, openedAt, resolvedAt, silenced, summary, meaning, whatToDo, runbook } = alert;
  const age = ageText(nowMs - Date.parse(openedAt));
  const state = resolvedAt === null ? severity.toUpperCase() : `over since ${minute(resolvedAt)}`;
  return [
    `${id}  ${state}  ${rule}  ${placeWords(alert)}  since ${minute(openedAt)} (${age})`,
    `    ${summary}`,
    ...(resolvedAt === null ? [`    means: ${meaning}`, `    do: ${whatToDo}`, `    more: ${runbook}`] : []),
    ...(silenced === null
      ? []
      : [`    silenced until ${minute(silenced.until)} by ${silenced.by}: ${silenced.reason}`]),
  ];
}

const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

export interface SilenceOptions {
  readonly rule?: string;
  readonly severity?: string;
  readonly partner?: string;
  readonly stream?: string;
  readonly subject?: string;
  readonly for?: string;
  readonly until?: string;
  readonly reason: string;
  readonly json?: boolean;
}

export async function alertsSilence({
  config,
  output,
  options,
  id,
}: CommandContext<SilenceOptions> & { readonly id: string | undefined }): Promise<number> {
  const reason = givenReason(options.reason);
  const until = endOf(options);
  const silence = await withDatabase(config, async (pool) =>
    silenceAlerts(pool, { match: await matchOf(pool, id, options), reason, until, by: whoami() }),
  );
  output.json(silence);
  output.say(
    `Silence ${silence.id}: nobody is notified of ${matchWords(silence.match)} until ${minute(silence.until)}.`,
  );
  output.say(`\`syncline alerts unsilence ${silence.id}\` ends it.`);
  return exitCodes.ok;
}

async function matchOf(pool: Pool, id: string | undefined, options: SilenceOptions): Promise<AlertMatch> {
  const { rule, partner, stream, subject } = options;
  if (rule !== undefined && !rule.includes('*') && !(ruleNames as readonly string[]).includes(rule)) {
    const near = closest(rule, ruleNames);
    throw new InvalidInput(
      `--rule: there is no rule ${JSON.stringify(rule)}${near === undefined ? `: there are ${ruleNames.join(', ')}` : `; did you mean ${near}?`}`,
    );
  }
  const match = { rule, severity: severityOf(options.severity), partner, stream, subject };
  if (id === undefined) return match;
  const [alert] = await readAlerts(pool, [positive('alert', id)]);
  if (alert === undefined)
    throw new InvalidInput(`there is no alert ${id}: \`syncline alerts list --all\` shows those there are`);
  return { ...match, key: alertKey(alert) };
}

function severityOf(text: string | undefined): Severity | undefined {
  const severity = severities.find((one) => one === text);
  if (text !== undefined && severity === undefined)
    throw new InvalidInput(`--severity: expected ${severities.join(' or ')}, found ${JSON.stringify(text)}`);
  return severity;
}

function endOf(options: SilenceOptions): string {
  if ((options.for === undefined) === (options.until === undefined))
    throw new InvalidInput('--for and --until: give one of them, such as --for 2h');
  if (options.for !== undefined) {
    const forMs = parseDuration(options.for);
    if (forMs === undefined || forMs <= 0)
      throw new InvalidInput(`--for: expected a duration such as 2h, found ${JSON.stringify(options.for)}`);
    return new Date(Date.now() + forMs).toISOString();
  }
  const atMs = Date.parse(options.until ?? '');
  if (Number.isNaN(atMs))
    throw new InvalidInput(
      `--until: expected a day or a time such as 2026-12-01, found ${JSON.stringify(options.until)}`,
    );
  return new Date(atMs).toISOString();
}

export async function silencesList({ config, output }: CommandContext): Promise<number> {
  const silences = await withDatabase(config, (pool) => readSilences(pool));
  output.json(silences);
  if (silences.length === 0) output.say('Nothing is silenced.');
  else
    output.table(
      silences.map(({ id, match, until, by, reason }) => ({
        id: String(id),
        silences: matchWords(match),
        until: minute(until),
        by,
        reason,
      })),
      ['id', 'silences', 'until', 'by', 'reason'],
    );
  return exitCodes.ok;
}

export async function alertsUnsilence({
  config,
  output,
  id,
}: CommandContext & { readonly id: string }): Promise<number> {
  const silence = await withDatabase(config, (pool) => endSilence(pool, { id: positive('silence', id), by: whoami() }));
  output.json(silence);
  output.say(`Silence ${silence.id} has ended: people are notified of ${matchWords(silence.match)} again.`);
  return exitCodes.ok;
}
