import type { AlertRow } from '../../core/alert.ts';
import { adviseOn } from '../../core/outage.ts';
import { describePause, resumeCommand, type PersonPause } from '../../core/person-pause.ts';
import type { PartnerStanding } from '../../store/inspect/partner-standing.ts';
import type { Trouble } from './trouble.ts';

const ofPartner = (partner: string, trouble: Omit<Trouble, 'partner' | 'stream' | 'run'>): Trouble => ({
  partner,
  stream: null,
  run: null,
  ...trouble,
});

/** What stands in the way of all streams of a partner. */
export function troublesOfStanding({ partner, blocked, circuit, quotas }: PartnerStanding): readonly Trouble[] {
  const show = `syncline limits show ${partner}`;
  return [
    ...(circuit === null
      ? []
      : [
          ofPartner(partner, {
            level: 'bad',
            kind: 'down',
            what:
              circuit.state === 'probing'
                ? 'The partner did not answer; it is being tried'
                : 'The partner does not answer',
            why: circuit.lastError,
            since: circuit.since,
            todo: { says: adviseOn(partner, circuit.lastError), command: show },
          }),
        ]),
    ...(blocked === null
      ? []
      : [
          ofPartner(partner, {
            level: 'note',
            kind: 'blocked',
            what: `Nobody calls the partner before ${minute(blocked.until)}`,
            why: blocked.cause,
            since: null,
            todo: { says: 'Nothing: it goes on by itself then.', command: show },
          }),
        ]),
    ...quotas.map(({ bucket, level, message, at }) =>
      ofPartner(partner, {
        level: level >= 100 ? ('warning' as const) : ('note' as const),
        kind: 'quota' as const,
        what: level >= 100 ? `The limit ${bucket} is used up` : `${level} % of the limit ${bucket} is used`,
        why: message,
        since: at,
        todo: { says: 'Ask the partner for more, or read less often.', command: show },
      }),
    ),
  ];
}

/** A pause that a person has ordered. */
export const troubleOfPause = (pause: PersonPause, partner: string): Trouble =>
  ofPartner(partner, {
    level: 'note',
    kind: 'paused',
    what: pause.scope === 'partner' ? 'All of the partner is paused' : `${pause.target} is paused`,
    why: describePause(pause),
    since: pause.at,
    todo: { says: 'Resume it when the reason is gone.', command: resumeCommand(pause) },
  });

export const troubleOfDefinition = (partner: string, problem: string): Trouble =>
  ofPartner(partner, {
    level: 'bad',
    kind: 'definition',
    what: 'Its definition does not load',
    why: problem,
    since: null,
    todo: { says: 'Correct the file.', command: `syncline partners check ${partner} --offline` },
  });

const minute = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

/** What alerts have found of webhooks: they are looked at each minute, and asking for each of them here would be slow. */
export const troublesOfWebhooks = (open: readonly AlertRow[]): readonly Trouble[] =>
  open.flatMap((alert) =>
    alert.partner !== null && alert.rule.startsWith('webhook-')
      ? [
          ofPartner(alert.partner, {
            level: 'warning',
            kind: 'webhook',
            what: `${alert.summary.charAt(0).toUpperCase()}${alert.summary.slice(1)}`,
            why: alert.meaning,
            since: alert.since,
            todo: { says: alert.whatToDo, command: null },
          }),
        ]
      : [],
  );
