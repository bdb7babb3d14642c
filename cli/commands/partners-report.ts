import { InvalidInput } from '../../core/errors.ts';
import { readDocumented } from '../../report/documented.ts';
import { makeReport } from '../../report/make-report.ts';
import { readFacts } from '../../report/read-facts.ts';
import { toHtml } from '../../report/write/to-html.ts';
import { toMarkdown } from '../../report/write/to-markdown.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { packageFacts } from '../package-facts.ts';
import { sinceOf } from '../since.ts';
import { writeReport } from '../write-report.ts';

export interface PartnersReportOptions {
  readonly since: string;
  readonly markdown?: boolean;
  readonly out?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

interface ReportContext extends CommandContext<PartnersReportOptions> {
  readonly name: string;
}

/** What a partner's API did, to send to the partner: docs/partner-report.md. With --json it is printed, unless a file is named. */
export async function partnersReport({ config, output, options, name }: ReportContext): Promise<number> {
  const { since, markdown = false, json = false, out } = options;
  if (markdown && json) throw new InvalidInput('--markdown and --json: give one of them');
  const nowMs = Date.now();
  const from = sinceOf(since, nowMs);
  const lengthMs = nowMs - Date.parse(from);
  if (lengthMs <= 0) throw new InvalidInput(`--since: ${since} has not been yet`);
  const before = new Date(Date.parse(from) - lengthMs).toISOString();
  const documented = await readDocumented(name, config.partnersDir, config.env);
  const period = { partner: name, before, from, to: new Date(nowMs).toISOString() };
  const report = makeReport(await withDatabase(config, (pool) => readFacts(pool, period, documented)), documented);
  if (json && out === undefined) {
    output.json(report);
    return exitCodes.ok;
  }
  const made = `Syncline ${packageFacts().version}`;
  const text = json
    ? `${JSON.stringify(report, null, 2)}\n`
    : markdown
      ? toMarkdown(report, made)
      : toHtml(report, made);
  const file = out ?? `${name}-${period.to.slice(0, 10)}.${markdown ? 'md' : 'html'}`;
  const bytes = await writeReport(file, text, options);
  output.json({ partner: name, file, bytes });
  output.say(`Written: ${file}. It holds no secret and no value of a record: read it, and send it to the partner.`);
  return exitCodes.ok;
}
