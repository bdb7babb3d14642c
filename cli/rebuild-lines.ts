import { STORE } from '../definitions/targets.ts';
import type { TargetRebuilt } from '../messages/rebuild-target.ts';
import type { Differences } from '../landing/compare-tables.ts';

/** Of a table in a target no keys are told: they would go through Temporal. */
export interface Rebuilt extends Omit<TargetRebuilt, 'differences'> {
  readonly differences: TargetRebuilt['differences'] & Partial<Pick<Differences, 'examples'>>;
  /** What of it was looked at; `keys` null: the stream has none. */
  readonly scope?: { readonly keys: number | null; readonly events: number };
  /** Of the tables of its children; -1: one is gone. */
  readonly children?: readonly { readonly table: string; readonly rows: number }[];
}

/** Whether something is otherwise than the log says. */
export const differs = ({ differences: { changed, gone, came }, children = [] }: Rebuilt): boolean =>
  changed + gone + came > 0 || children.some((child) => child.rows !== 0);

/** What a rebuild, or a comparison, found, for people. */
export function rebuildLines(
  report: Rebuilt,
  place: { readonly partner: string; readonly stream: string; readonly target: string; readonly part?: string },
): readonly string[] {
  const command = `${place.partner} ${place.stream}${place.target === STORE ? '' : ` --target ${place.target}`}`;
  const { differences, unfit, scope, applied, upTo, changedBefore, children = [] } = report;
  const table = scope === undefined ? report.table : `${report.table}, ${scopeOf(scope)}`;
  const { changed, gone, came, examples = [] } = differences;
  const differ = changed + gone + came;
  const log = `the log up to event ${number(upTo)}`;
  const lines = [
    differ === 0
      ? `${table}: 0 rows differ from ${log}.`
      : `${table}: ${rows(differ)} ${applied ? 'differed' : differ === 1 ? 'differs' : 'differ'} from ${log}: ` +
        `${number(changed)} changed, ${number(gone)} not in the log, ${number(came)} missing from the table.`,
    ...examples.map(({ kind, key }) => `  ${kinds[kind]}: ${key.join(', ')}`),
  ];
  for (const child of children)
    lines.push(
      child.rows === -1
        ? `${child.table}: is gone; it is made again from ${report.table} by the next run`
        : `${child.table}: ${rows(child.rows)} ${child.rows === 1 ? 'differs' : 'differ'} from what ${report.table} says${applied && child.rows > 0 ? ', and are made anew' : ''}.`,
    );
  if (unfit.events > 0) {
    lines.push(
      `${number(unfit.events)} ${unfit.events === 1 ? 'event no longer fits' : 'events no longer fit'} the schema; ${rows(unfit.rows)} of the table ${
        unfit.rows === 1 ? 'shows' : 'show'
      } ${unfit.events === 1 ? 'it' : 'them'}.`,
      ...unfit.first.map(({ event, path, reason }) => `  event ${event}: ${path || 'the record'}: ${reason}`),
    );
  }
  if (applied)
    lines.push(
      changedBefore === undefined
        ? `They match the log now. \`syncline rollback ${command}\` restores what they were.`
        : `They match the log now. The table before is kept beside it; \`syncline rollback\` does not restore it, since somebody had changed it: ${changedBefore}.`,
    );
  else if (differs(report))
    lines.push(`Nothing was changed: \`syncline rebuild ${command}${place.part ?? ''}\` does it.`);
  return lines;
}

const scopeOf = ({ keys, events }: NonNullable<Rebuilt['scope']>): string =>
  `${keys === null ? '' : `${counted(keys, 'key')} with `}${counted(events, 'event')} of the log`;
const counted = (value: number, what: string): string => `${number(value)} ${what}${value === 1 ? '' : 's'}`;
const kinds = { changed: 'changed', gone: 'not in the log', came: 'missing from the table' } as const;
const number = (value: number): string => value.toLocaleString('en-US');
const rows = (value: number): string => (value === 1 ? '1 row' : `${number(value)} rows`);
