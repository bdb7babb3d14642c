import { missingPollers } from '../../client/missing-pollers.ts';
import { explain } from '../../core/errors.ts';
import { historyOf } from '../../core/table-name.ts';
import { brokenRulesWords } from '../../core/ledger-rule.ts';
import { overdueWords } from '../../core/wait-words.ts';
import { searchAttributes } from '../../messages/search-attributes.ts';
import { askedTooOften } from '../../definitions/asked-too-often.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import { STORE } from '../../definitions/targets.ts';
import { compileStream } from '../../definitions/compile.ts';
import { pendingErasures, pendingWords } from '../../store/exports/pending-exports.ts';
import { checkSessions } from '../../store/session/check-sessions.ts';
import { pollHints } from '../../store/ledger/poll-hints.ts';
import { streamsBreaking } from '../../store/rules/broken-rules.ts';
import { standingWords, webhookStanding } from '../../store/webhooks/silence.ts';
import { streamWaits } from '../../store/waiting/list-waiting.ts';
import { pendingMigrations } from '../../store/migrate/migrate.ts';
import { withMade } from '../../landing/made-columns.ts';
import { rebuildTable } from '../../landing/rebuild-table.ts';
import type { TargetPlace } from '../../store/target-states.ts';
import type { CommandContext } from '../command.ts';
import { checkAlerts } from '../check-alerts.ts';
import { checkTargets } from '../check-targets.ts';
import { comparedElsewhere, isComparable, placesElsewhere } from '../compare-tables-of-targets.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { expiredSecrets } from '../expired-secrets.ts';
import { loadDeclared } from '../named-places.ts';
import { differs, rebuildLines } from '../rebuild-lines.ts';
import { rebuildInTarget } from './rebuild-in-target.ts';
import { allDeclaring, allPartners, compareWithTemporal, isPending } from '../schedule-changes.ts';

type Finding = {
  readonly check: string;
  readonly state: 'ok' | 'problem';
  readonly says: string;
};

/** Looks at everything a sync stands on, one after the other, and says what to do about what is wrong. */
export async function doctor({ config, output, options }: CommandContext<{ tables?: boolean }>): Promise<number> {
  const findings: Finding[] = [];
  const look = async (check: string, work: () => Promise<string>): Promise<void> => {
    const finding = await work().then(
      (says): Finding => ({ check, state: 'ok', says }),
      (error: unknown): Finding => ({ check, state: 'problem', says: explain(error) }),
    );
    findings.push(finding);
  };
  let names: string[] = [];
  let holds = false;
  const partnersThatHold = async (): Promise<Awaited<ReturnType<typeof allPartners>>> => {
    if (!holds) throw new Error('cannot be checked while a definition is invalid: see partners');
    return allPartners(config);
  };
  let named: readonly string[] = [];
  let histories: readonly TargetPlace[] = [];
  await look('node', async () => nodeVersion(process.versions.node));
  await look('partners', async () => {
    names = await listPartners(config.partnersDir);
    const load = (name: string): Promise<unknown> => loadPartner(name, { dir: config.partnersDir, env: config.env });
    const loaded = await Promise.allSettled(names.map(load));
    const broken = loaded.flatMap((result) => (result.status === 'rejected' ? [explain(result.reason)] : []));
    if (broken.length > 0) throw new Error(broken.join('\n'));
    holds = true;
    return names.length === 0
      ? `no definition in ${config.partnersDir} yet`
      : `${names.join(', ')}: each definition holds`;
  });
  let isStored = false;
  await look('database', () =>
    withDatabase(config, async (pool) => {
      await checkSessions(pool);
      const { rows } = await pool.query<{ server_version: string }>('show server_version');
      const pending = await pendingMigrations(pool);
      if (pending.length > 0) throw new Error(`lacks ${pending.join(', ')}: run \`syncline migrate\``);
      isStored = true;
      return `PostgreSQL ${rows[0]?.server_version}, up to date`;
    }),
  );
  let answers = false;
  await look('temporal', () =>
    withTemporal(config, async (client) => {
      answers = true;
      const info = await client.workflowService.getSystemInfo({});
      const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
        namespace: config.temporalNamespace,
      });
      const missing = Object.keys(searchAttributes).filter((name) => customAttributes?.[name] === undefined);
      if (missing.length > 0)
        throw new Error(
          `lacks search attributes: ${missing.map((name) => `temporal operator search-attribute create --name ${name} --type Keyword`).join('; ')}`,
        );
      // A new attribute is listed some seconds before it may be used.
      const query = Object.keys(searchAttributes)
        .map((name) => `${name} = ''`)
        .join(' and ');
      await client.workflow.count(query).catch((cause: unknown) => {
        throw new Error('does not take its search attributes yet: ask again in some seconds', { cause });
      });
      return `server ${info.serverVersion}, namespace ${config.temporalNamespace}`;
    }),
  );
  await look('targets', async () => {
    const { targets, places, unknown } = await loadDeclared(config);
    histories = places.filter(({ target }) => target === STORE);
    named = [...new Set(places.map(({ target }) => target))].filter(
      (target) => targets.has(target) || target === STORE,
    );
    const checked = await checkTargets(config, targets);
    const wrong = checked.filter(({ state }) => state === 'problem').map(({ target, says }) => `${target}: ${says}`);
    if (wrong.length + unknown.length > 0) throw new Error([...wrong, ...unknown].join('\n'));
    return targets.size === 0
      ? "none but the store's own PostgreSQL"
      : checked.map(({ target, says }) => `${target}: ${says}`).join('\n');
  });
  await look('workers', async () => {
    if (!answers) throw new Error('cannot be checked while Temporal does not answer');
    return withTemporal(config, async (client) => {
      const missing = await missingPollers(client, config.names, names, named);
      if (missing.length > 0)
        throw new Error(`nobody asks for work on ${missing.join(', ')}: start \`syncline worker\``);
      return 'every queue has a worker';
    });
  });
  await look('schedules', async () => {
    if (!answers) throw new Error('cannot be checked while Temporal does not answer');
    await partnersThatHold();
    const declaring = await allDeclaring(config);
    return withTemporal(config, async (client) => {
      const { found, changes } = await compareWithTemporal(client, config.names, declaring);
      const pending = changes.filter(isPending);
      if (pending.length > 0)
        throw new Error(
          `Temporal does not have what the definitions say (${pending.map(({ id }) => id).join(', ')}): run \`syncline schedule apply\``,
        );
      return found.length === 0 ? 'none declared, none there' : `${found.length}, as the definitions say`;
    });
  });
  await look('polling', async () => {
    if (!isStored) throw new Error('cannot be checked while the database does not answer');
    const partners = await partnersThatHold();
    const hints = await withDatabase(config, (pool) => pollHints(pool, names));
    const wrong = partners.flatMap((partner) => {
      const own = hints.filter((hint) => hint.partner === partner.name);
      return askedTooOften(partner, own, Date.now());
    });
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    return 'no schedule asks oftener than its partner wants';
  });
  await look('webhooks', async () => {
    if (!isStored) throw new Error('cannot be checked while the database does not answer');
    const declared = (await partnersThatHold()).flatMap(({ name, webhooks = {} }) =>
      Object.entries(webhooks).map(([webhook, of]) => ({ partner: name, webhook, expect: of.expect, of })),
    );
    const standings = await withDatabase(config, (pool) =>
      Promise.all(declared.map((one) => webhookStanding(pool, one, { nowMs: Date.now() }))),
    );
    const wrong = [
      ...declared.flatMap(({ partner, webhook, of }) => expiredSecrets(`${partner}/${webhook}`, of, Date.now())),
      ...standings.flatMap(standingWords),
    ];
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    return declared.length === 0 ? 'none declared' : `${declared.length}, none silent for too long`;
  });
  await look('waiting', async () => {
    if (!isStored) throw new Error('cannot be checked while the database does not answer');
    const waits = await withDatabase(config, (pool) => streamWaits(pool));
    const wrong = waits.flatMap(({ partner, stream, overdue, overdueSince }) =>
      overdueSince === null
        ? []
        : [`${partner}.${stream}: ${overdueWords({ records: overdue, since: overdueSince }, { partner, stream })}`],
    );
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    const records = waits.reduce((sum, each) => sum + each.records, 0);
    return records === 0 ? 'no record waits for another one' : `${records} records wait for others, none for too long`;
  });
  await look('rules', async () => {
    if (!isStored) throw new Error('cannot be checked while the database does not answer');
    const breaking = await withDatabase(config, (pool) => streamsBreaking(pool));
    const wrong = breaking.map(
      ({ broken, ...place }) => `${place.partner}.${place.stream}: ${brokenRulesWords(broken, place)}`,
    );
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    return 'no row breaks a rule of its stream';
  });
  await look('alerts', () => checkAlerts(config, { isStored }));
  await look('erasures', async () => {
    if (!isStored) throw new Error('cannot be checked while the database does not answer');
    const pending = await withDatabase(config, (pool) => pendingErasures(pool));
    const wrong = pending.map(
      ({ erasure, partner, stream, pending: left }) =>
        `${partner}.${stream}: erasure ${erasure.slice(0, 8)} is not done in ${left.map(pendingWords).join(', ')}: \`syncline erase again\` says why`,
    );
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
    return 'done wherever data was';
  });
  if (options.tables === true) {
    const read = await streamsRead(config);
    for (const { partner, stream } of read) {
      await look(`table of ${partner}.${stream}`, () => compared(config, partner, stream));
      if (histories.some((place) => place.partner === partner && place.stream === historyOf(stream)))
        await look(`history of ${partner}.${stream}`, () =>
          comparedHistory({ config, output }, { target: STORE, partner, stream: historyOf(stream) }),
        );
    }
    const { places } = await loadDeclared(config);
    for (const place of placesElsewhere(places, read))
      await look(`${place.target}: ${place.partner}.${place.stream}`, () =>
        isComparable(place, places) ? comparedElsewhere(config, place) : comparedHistory({ config, output }, place),
      );
  }
  output.json(findings);
  output.table(findings, ['check', 'state', 'says']);
  return findings.some(({ state }) => state === 'problem') ? exitCodes.failed : exitCodes.ok;
}

/** Streams of definitions that are there, as far as they were read. */
async function streamsRead(config: CommandContext['config']): Promise<{ partner: string; stream: string }[]> {
  const names = await listPartners(config.partnersDir);
  return withDatabase(config, async (pool) => {
    const { rows } = await pool.query<{ partner: string; stream: string }>(
      'select partner, name as stream from streams where last_event > 0 and partner = any ($1) order by 1, 2',
      [names],
    );
    return rows;
  });
}

async function compared(config: CommandContext['config'], partner: string, stream: string): Promise<string> {
  const definition = await loadPartner(partner, { dir: config.partnersDir, env: config.env });
  if (definition.streams[stream] === undefined) return 'the definition has it no longer';
  const compiled = compileStream(definition, stream, config.names);
  const report = await withDatabase(config, async (pool) =>
    rebuildTable(pool, {
      stream: await withMade(pool, compiled),
      dryRun: true,
      acceptUnfit: false,
      progress: () => {},
    }),
  );
  const lines = rebuildLines(report, { partner, stream, target: STORE });
  if (differs(report)) throw new Error(lines.join('\n'));
  return lines.join('\n');
}

/** By the worker that loads it: the table it is compared with is made beside the live one. */
async function comparedHistory(
  context: Pick<CommandContext, 'config' | 'output'>,
  place: TargetPlace,
): Promise<string> {
  const report = await rebuildInTarget(context, { ...place, action: 'compare', acceptUnfit: false });
  const { changed, gone, came } = report.differences;
  const lines = rebuildLines(report, place);
  if (changed + gone + came > 0) throw new Error(lines.join('\n'));
  return lines.join('\n');
}

function nodeVersion(version: string): string {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 3)) throw new Error(`Node ${version} is too old: 20.3 or newer is needed`);
  return `Node ${version}`;
}
