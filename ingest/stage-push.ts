import { NeedsAttention } from '../core/errors.ts';
import type { LineWriter, RejectedRecord } from '../core/staged.ts';
import type { PushedPage } from '../landing/commit-push.ts';
import { stageInSteps, stageRecords, type Staged } from '../records/stage-records.ts';
import { postgresLineWriter } from '../targets/postgres/page-lines.ts';
import type { PushRequest } from './intake.ts';
import { Refusal, type ProblemAt } from './problem.ts';

/** So many are checked at once, before others get their turn. */
const FEW = 50;

/** Checks the records of requests; of each its page, or why it is refused. Their lines stand in one block, so that they are sent as one. */
export async function stagePush(
  requests: readonly PushRequest[],
): Promise<{ readonly pages: readonly (PushedPage | Refusal)[]; readonly release: () => void }> {
  const [first] = requests;
  const writer = postgresLineWriter({
    receivedAt: first?.receivedAt ?? '',
    chars: requests.reduce((sum, { bytes }) => sum + bytes, 0),
    records: requests.reduce((sum, { records }) => sum + records.length, 0),
  });
  const lines = writer.finish();
  const pages: (PushedPage | Refusal)[] = [];
  for (const request of requests) {
    const staged = await stageOne(request, writer);
    pages.push(staged instanceof Refusal ? staged : { ...pageOf(request), ...staged, lines });
  }
  return { pages, release: () => lines.release() };
}

async function stageOne(request: PushRequest, writer: LineWriter): Promise<Staged | Refusal> {
  const { stream, records } = request;
  let staged: Staged;
  try {
    staged = records.length > FEW ? await stageInSteps(stream, records, writer) : stageRecords(stream, records, writer);
  } catch (error) {
    // A stream that is set to freeze takes none of them.
    if (error instanceof NeedsAttention) return new Refusal('record_invalid', { detail: error.message });
    throw error;
  }
  const { rejected } = staged;
  if (rejected.length === 0 || request.misfits === 'hold') return staged;
  if (!request.atomic && staged.records.length > 0) return staged;
  const few = records.length === 1 ? 'the record does not' : `${rejected.length} of ${records.length} records do not`;
  return new Refusal('record_invalid', {
    detail: `${few} fit the schema of ${stream.partner.name}/${stream.name}; nothing was taken. Correct what \`errors\` names, and send the request again`,
    errors: rejected.map((one) => placeOf(one, request)),
  });
}

/** Where a record does not fit. A single record may be the body itself. */
export function placeOf(
  { ordinal, path, reason }: RejectedRecord,
  { records, listed = records.length > 1 }: Pick<PushRequest, 'records' | 'listed'>,
): ProblemAt {
  const at = path === '' ? [] : path.split('.').map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1'));
  return {
    pointer: `#${[...(listed ? [ordinal] : []), ...at].map((part) => `/${part}`).join('')}`,
    detail: reason,
  };
}

const pageOf = ({ caller, requestId, receivedAt, bytes, sentId }: PushRequest) => ({
  caller,
  pageKey: requestId,
  // Given under the stream's lock.
  pageNo: 0,
  slice: 0,
  parents: [],
  cursorIn: null,
  cursorOut: null,
  status: 202,
  requestId: sentId ?? null,
  bytes,
  fetchedAt: receivedAt,
  before: '',
  after: '',
  highMark: null,
  askedAt: receivedAt,
  keys: null,
  skipped: false,
  notModified: false,
  validators: null,
});
