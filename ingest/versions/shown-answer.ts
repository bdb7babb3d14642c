import type { StoredAnswer } from '../../store/idempotency/claim-keys.ts';
import type { Accepted, RequestState } from '../answers.ts';
import type { ApiVersion } from './api-version.ts';

/** A stored answer as a version shows it, with links into that version. */
export function shownAccepted({ name, accepted: { show } }: ApiVersion, answer: StoredAnswer): StoredAnswer {
  if (show === undefined) return answer;
  const stored = JSON.parse(answer.body) as Accepted;
  const self = `/${name}/ingest/${stored.id}`;
  return { status: answer.status, location: self, body: line(show({ ...stored, links: { self } })) };
}

export const shownState = ({ state: { show } }: ApiVersion, state: RequestState): string =>
  line(show === undefined ? state : show(state));

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
