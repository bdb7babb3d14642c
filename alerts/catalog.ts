import type { AlertPlace, Severity } from '../core/alert.ts';
import { MINUTE } from '../core/duration.ts';
import { leftoverKinds, leftoverWords } from '../core/leftover.ts';

/** What is the same for every alert of a rule. Each has a section of its name in docs/alerts.md. */
export interface AlertRule {
  readonly severity: Severity;
  /** How long it must hold before anybody is told, in ms. */
  readonly forMs: number;
  /** How long it must have been gone before it counts as over: what flickers is one alert. */
  readonly clearMs: number;
  readonly meaning: string;
  readonly whatToDo: (at: Omit<AlertPlace, 'rule'>) => string;
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
const at = ({ partner, stream }: Omit<AlertPlace, 'rule'>): string => [partner, stream].filter(Boolean).join(' ');
const ofRun = { forMs: 0, clearMs: 0 } as const;
const live = { forMs: 0, clearMs: 5 * MINUTE } as const;
const page = { severity: 'page' } as const;
const ticket = { severity: 'ticket' } as const;

export const catalog = {
  'run-failed': {
    ...page,
    ...ofRun,
    meaning: 'The stream was not read to its end. Its table has what came before, and nothing newer.',
    whatToDo: ({ partner, stream }) =>
      `\`syncline runs list --partner ${partner}\` gives the reason. Once the cause is removed, \`syncline runs retry RUN --stream ${stream}\` reads only this stream again.`,
  },
  'run-suspect': {
    ...page,
    ...ofRun,
    meaning:
      'The stream was read to its end, and something says that records are missing. Nothing was deleted because of it.',
    whatToDo: ({ partner, stream }) =>
      `\`syncline runs list --partner ${partner}\` says what does not add up. If the partner is right, \`syncline sync ${partner} ${stream} --force\` reads it again.`,
  },
  'run-partial': {
    ...page,
    ...ofRun,
    meaning:
      'Some of what the run asked for did not come: calls were refused, or records are in quarantine. The rest is in the table.',
    whatToDo: ({ partner, stream }) =>
      `\`syncline calls ${partner} ${stream} --status failed\` shows refused calls with the partner's ids of them; \`syncline quarantine list ${partner} ${stream}\` shows records that do not fit.`,
  },
  'no-rows': {
    ...page,
    ...ofRun,
    meaning: 'The partner answered without an error and sent no record, where it always sent some.',
    whatToDo: ({ partner, stream }) =>
      `Ask the partner whether there really is nothing; \`syncline partners check ${partner} --stream ${stream}\` shows what it answers now.`,
  },
  'refusals-unusual': {
    ...page,
    ...ofRun,
    meaning:
      'The partner refuses more calls than before. A rule of the definition skips such calls, so the run may still be `ok`, without their records.',
    whatToDo: ({ partner, stream }) =>
      `\`syncline calls ${partner} ${stream} --status 4xx\` shows them with the partner's ids: send it those.`,
  },
  'rows-unusual': {
    ...ticket,
    ...ofRun,
    meaning: 'Far more or far fewer records came than is usual on this day of the week.',
    whatToDo: ({ partner, stream }) =>
      `Compare with \`syncline runs list --partner ${partner}\`. A sale or a holiday explains some; if not, ask the partner. \`syncline alerts silence --rule rows-unusual --partner ${partner} --stream ${stream} --for 3d --reason …\` once it is explained.`,
  },
  'retries-unusual': {
    ...ticket,
    ...ofRun,
    meaning: 'Many requests had to be made again. The run succeeded, but the partner may be about to fail.',
    whatToDo: ({ partner, stream }) =>
      `\`syncline calls ${partner} ${stream} --status failed\` shows what went wrong; \`syncline limits show ${partner}\` whether a limit is declared too high.`,
  },
  'latency-unusual': {
    ...ticket,
    ...ofRun,
    meaning: 'A request took far longer than before, waits for limits included.',
    whatToDo: ({ partner, stream }) =>
      `\`syncline calls ${partner} ${stream}\` shows how long each call took, and how long it waited for our own limits.`,
  },
  'size-unusual': {
    ...ticket,
    ...ofRun,
    meaning: 'Records are far larger or far smaller than before: fields may have come or gone.',
    whatToDo: ({ partner, stream }) =>
      `\`syncline drift ${partner} ${stream}\` shows fields that came; \`syncline partners check ${partner} --stream ${stream}\` shows records as they are now.`,
  },
  'data-late': {
    ...page,
    ...ofRun,
    meaning: 'The data is older than the definition promises its readers (`freshness`).',
    whatToDo: ({ partner }) =>
      `\`syncline status\` says what stands in its way; \`syncline schedule list\` whether it is read at all. \`syncline sync ${partner}\` reads it now.`,
  },
  'limit-near': {
    ...ticket,
    ...ofRun,
    meaning: 'Four fifths of what the partner allows are used. When nothing is left, all but critical work waits.',
    whatToDo: ({ partner }) =>
      `\`syncline limits show ${partner}\` has the forecast; move backfills to another day, or ask the partner for more.`,
  },
  'limit-used-up': {
    ...page,
    ...ofRun,
    meaning: 'Nothing is left of what the partner allows. Runs wait until it resets, and go on by themselves.',
    whatToDo: ({ partner }) =>
      `\`syncline limits show ${partner}\` says when it resets. Look who else uses the credential.`,
  },
  'partner-down': {
    ...ticket,
    ...live,
    meaning:
      'Most calls to the partner fail, so Syncline only sends one probe at a time. Runs wait, and go on by themselves.',
    whatToDo: ({ partner }) =>
      `Look at the partner's status page; \`syncline limits show ${partner}\` has the last error.`,
  },
  'schedule-missed': {
    ...page,
    ...ofRun,
    meaning: 'A time of the schedule passed without a run of its own.',
    whatToDo: ({ partner, subject }) =>
      `\`syncline schedule list\` says how many; \`syncline schedule trigger ${partner} ${subject} --from …\` runs them.`,
  },
  'schedule-paused': {
    ...ticket,
    ...ofRun,
    meaning: 'The schedule starts nothing until somebody resumes it.',
    whatToDo: ({ partner, subject }) =>
      `\`syncline schedule resume ${partner} ${subject} --reason …\`, or write \`paused: true\` into the definition if it is meant to stay.`,
  },
  'schedule-absent': {
    ...page,
    ...live,
    forMs: 10 * MINUTE,
    meaning: 'The definition declares a schedule that Temporal does not have: nothing starts these runs.',
    whatToDo: () => '`syncline schedule apply` creates it.',
  },
  'paused-long': {
    ...ticket,
    ...ofRun,
    meaning: 'A person paused this more than a day ago. Nothing is read until a person ends the pause.',
    whatToDo: () => 'Ask whoever paused it; the summary has the command that ends it.',
  },
  'deletes-held': {
    ...page,
    ...ofRun,
    meaning:
      'A run would delete so many rows that a person has to agree. It waits for that, and keeps the rows if nobody answers.',
    whatToDo: ({ subject }) =>
      `\`syncline approvals show ${subject}\`, then \`syncline approvals approve ${subject} --reason …\` or \`reject\`.`,
  },
  'waiting-overdue': {
    ...ticket,
    ...ofRun,
    meaning: 'Records wait for others that never came. They are in the log, and in no table.',
    whatToDo: (place) =>
      `\`syncline waiting list ${at(place)}\` says for what; release or drop them, or ask the partner for what is missing.`,
  },
  'quarantine-grows': {
    ...ticket,
    ...ofRun,
    meaning: 'Far more records than before do not fit their schema. They are kept, and in no table.',
    whatToDo: (place) =>
      `\`syncline quarantine list ${at(place)}\` shows why; correct the definition, then \`syncline quarantine replay ${at(place)}\`.`,
  },
  'rule-broken': {
    ...ticket,
    ...ofRun,
    meaning: 'Rows of the table contradict a rule that the definition states for them.',
    whatToDo: (place) => `\`syncline anomalies list ${at(place)}\` names the rows; have the partner correct them.`,
  },
  'reconcile-differs': {
    ...ticket,
    ...ofRun,
    meaning: 'The partner was read anew, and the store has something else. No sync brings it.',
    whatToDo: (place) =>
      `\`syncline reconcile list ${place.partner}\` has the reconciliation; \`syncline reconcile show ID --state open\` shows each key, \`syncline reconcile repair ID\` mends what can be read again.`,
  },
  'reconcile-unproven': {
    ...ticket,
    ...ofRun,
    meaning: 'The partner was read anew, and its answers do not prove whether the store has the same.',
    whatToDo: (place) =>
      `Mend what the summary names, then \`syncline reconcile start ${at(place)}\`; the next one of its schedule does as well.`,
  },
  'reconcile-failed': {
    ...ticket,
    ...ofRun,
    meaning: 'The partner could not be read anew, so nobody knows whether the store has the same.',
    whatToDo: (place) =>
      `\`syncline reconcile list ${place.partner}\` has it. Once the cause is removed, \`syncline reconcile start ${at(place)} --label LABEL\` goes on from its last page.`,
  },
  'reconcile-late': {
    ...ticket,
    ...live,
    meaning: 'A reconciliation that a schedule is to start has not ended for too long.',
    whatToDo: ({ partner, subject }) =>
      `\`syncline schedule list\` says how its last run ended; \`syncline limits show ${partner}\` whether any quota is spare. \`syncline schedule trigger ${partner} ${subject}\` runs it now.`,
  },
  'join-failed': {
    ...ticket,
    ...ofRun,
    meaning: 'Rows that came since were not compared with merged clusters, and stand beside them.',
    whatToDo: ({ subject }) => `\`syncline duplicates join ${subject}\` tries again, and says what is wrong.`,
  },
  'target-behind': {
    ...ticket,
    ...live,
    meaning:
      'A warehouse lacks events that were already received. Nothing is lost; it catches up by itself once it can be written.',
    whatToDo: () => '`syncline targets list` says why; `syncline doctor` tries to open the target.',
  },
  'target-differs': {
    ...ticket,
    ...ofRun,
    meaning:
      'A table in a warehouse has other rows than the store, and no load explains it: somebody has changed it, put back an older copy, or lost a disk.',
    whatToDo: ({ partner, stream, subject }) =>
      `\`syncline targets compared\` has the comparison, and by its number each row. \`syncline targets compare ${subject} ${partner}.${stream} --heal\` makes the table anew from the log.`,
  },
  'compare-failed': {
    ...ticket,
    ...ofRun,
    meaning:
      'A table in a warehouse could not be compared with the store, so nobody knows whether it has the same rows.',
    whatToDo: ({ partner, stream, subject }) =>
      `Remove what the summary names, then \`syncline targets compare ${subject} ${partner}.${stream}\`.`,
  },
  'compare-late': {
    ...ticket,
    ...live,
    meaning:
      'A table in a warehouse is to be compared with the store by a schedule, and nothing was proven for too long.',
    whatToDo: ({ partner, stream, subject }) =>
      `\`syncline schedule list\` says how the last run of targets ${subject} ended; \`syncline doctor\` whether a worker serves it. \`syncline targets compare ${subject} ${partner}.${stream}\` compares it now.`,
  },
  'target-changed': {
    ...ticket,
    ...ofRun,
    meaning:
      'A table of a warehouse was not as the last load had left it. One made anew from the log takes its place once it is complete; what somebody had written there is gone then.',
    whatToDo: ({ subject, partner, stream }) =>
      `\`syncline targets list\` says how it showed and how far it is; \`syncline targets compare ${subject} ${partner}.${stream}\` compares each row. Find out who writes there: only loads should. The alert ends a day after the table is whole again.`,
  },
  'webhook-silent': {
    ...ticket,
    ...live,
    meaning:
      'The partner no longer calls the webhook, or less often than before. Scheduled runs still read everything.',
    whatToDo: ({ partner }) =>
      `Look whether the partner still has the subscription; \`syncline sync ${partner}\` brings what was missed.`,
  },
  'webhook-failed': {
    ...ticket,
    ...live,
    meaning: 'Deliveries came that the definition cannot read. They are kept.',
    whatToDo: ({ partner, subject }) =>
      `Correct the definition, then \`syncline webhooks replay ${partner} ${subject}\`.`,
  },
  'left-behind': {
    ...ticket,
    ...ofRun,
    meaning: 'Something ended half-way, or was forgotten, and only a person can end it. Nothing is lost by it.',
    whatToDo: ({ subject }) => {
      const kind = leftoverKinds.find((one) => one === subject);
      return `\`syncline janitor show\` has the places. ${kind === undefined ? '' : `${sentence(leftoverWords[kind].todo)} `}\`syncline janitor\` looks again, which ends the alert.`;
    },
  },
  'workers-missing': {
    ...page,
    forMs: 5 * MINUTE,
    clearMs: 2 * MINUTE,
    meaning: 'No worker serves this queue, so its work waits. Nothing is lost.',
    whatToDo: () =>
      'Start workers of that role (`syncline worker --role …`) and look at the logs of those that ended; `syncline doctor` lists what is not served.',
  },
  'definition-broken': {
    ...page,
    forMs: 5 * MINUTE,
    clearMs: 0,
    meaning:
      'The definition does not load, so nothing of the partner is read, and Syncline knows nothing else about it.',
    whatToDo: ({ partner }) => `\`syncline partners check ${partner} --offline\` names file and line.`,
  },
  'channel-dead': {
    ...page,
    forMs: 0,
    clearMs: 0,
    meaning: 'Alerts cannot be delivered there. Syncline goes on trying, and reports this by the other channels.',
    whatToDo: ({ subject }) =>
      `Correct the address or the secret in alerts.yaml, then \`syncline alerts test ${subject}\`.`,
  },
} as const satisfies Readonly<Record<string, AlertRule>>;

export type RuleName = keyof typeof catalog;
export const ruleNames = Object.keys(catalog) as readonly RuleName[];

/** Where runbooks are, unless `runbooks` of alerts.yaml says where people can open them. */
export const RUNBOOKS = 'docs/alerts.md';
