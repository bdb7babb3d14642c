import { InvalidInput } from '../../core/errors.ts';
import { listReports, readReport } from '../../store/janitor/reports.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { findingColumns, findingRow, leftOf } from '../janitor-lines.ts';
import { positive } from '../positive.ts';

export async function janitorList({
  config,
  output,
  options,
}: CommandContext<{ readonly limit: string }>): Promise<number> {
  const limit = positive('--limit', options.limit);
  const reports = await withDatabase(config, (pool) => listReports(pool, { limit }));
  output.json(
    reports.map(({ findings, ...report }) => ({
      ...report,
      found: findings.length,
      removed: findings.reduce((sum, { removed }) => sum + removed, 0),
      forPeople: leftOf({ findings }).person,
    })),
  );
  if (reports.length === 0) output.say('The janitor has made no report yet: `syncline janitor` makes one.');
  else
    output.table(
      reports.map(({ report, at, endedAt, by, mode, findings }) => ({
        report,
        at: at.slice(0, 16).replace('T', ' '),
        by,
        mode: endedAt === null ? `${mode}, not ended` : mode,
        found: findings.length,
        removed: findings.reduce((sum, { removed }) => sum + removed, 0),
        'for people': leftOf({ findings }).person,
      })),
      ['report', 'at', 'by', 'mode', 'found', 'removed', 'for people'],
    );
  return exitCodes.ok;
}

export async function janitorShow({
  config,
  output,
  id,
}: CommandContext & { readonly id: string | undefined }): Promise<number> {
  if (id !== undefined && !/^\d{1,9}$/.test(id))
    throw new InvalidInput(
      `expected the number of a report, found ${JSON.stringify(id)}: \`syncline janitor list\` has them`,
    );
  const report = await withDatabase(config, (pool) => readReport(pool, id === undefined ? undefined : Number(id)));
  const found = report.findings;
  output.json(report);
  const { at, by, mode, endedAt } = report;
  output.say(
    `Report ${report.report} of ${at.slice(0, 16).replace('T', ' ')} UTC, by ${by}, ${mode === 'apply' ? 'which removed what nobody needs' : 'a dry run'}${endedAt === null ? '. It has not come to its end.' : '.'}`,
  );
  for (const trouble of report.troubles) output.say(trouble);
  if (found.length === 0) output.say('Nothing had stayed behind.');
  else output.table(found.map(findingRow), findingColumns);
  return exitCodes.ok;
}
