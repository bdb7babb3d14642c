import { createAuthorizer } from '../../http/auth.ts';
import { createTokenExchange } from '../../http/auth/token-exchange.ts';
import { openConnections } from '../../http/connections.ts';
import { createPartnerClient } from '../../http/client.ts';
import { redactUrl } from '../../http/redact.ts';
import { Throttled } from '../../core/errors.ts';
import { noFailpoint } from '../../core/failpoint.ts';
import type { Answer, Position } from '../../core/page.ts';
import type { LineWriter } from '../../core/staged.ts';
import type { TokenStore } from '../../core/token-store.ts';
import { withoutFreeze } from '../../definitions/contract.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import type { Partner, ReadSecret } from '../../definitions/definition.ts';
import type { Environment } from '../../definitions/interpolate.ts';
import { KnownSecrets, type KnownSecret } from '../../http/known-secrets.ts';
import { receivedOf, type Received } from '../../records/received.ts';
import { stageRecords, type Staged } from '../../records/stage-records.ts';
import { sourceOf } from '../../sources/source-of.ts';
import { fetchPage } from '../pull/fetch-page.ts';
import type { FetchedPage, PageAsked, PageContent } from '../pull/page-asked.ts';
import { permittedBy } from '../pull/permitted-by.ts';
import { sendOne, type FetchDeps } from '../pull/send-one.ts';
import { sentPosition } from '../pull/sent-position.ts';
import { impatient, PATIENCE_MS } from './no-permit.ts';
import { partnerWords } from './partner-words.ts';

/** All that is needed to ask the streams of one partner. */
export interface Asking {
  readonly streams: ReadonlyMap<string, CompiledStream>;
  readonly nowMs: number;
  /** Permits for requests with the credential of this partner, whose `auth` may be a stream's own; and where its requests are noted. */
  readonly permits: (partner: Partner) => Pick<FetchDeps, 'limiter' | 'circuit' | 'calls'>;
  /** For auth functions. */
  readonly secret?: ReadSecret | undefined;
  /** Those that workers use, where a token that is asked for twice would lock them out. */
  readonly tokens?: (partner: Partner) => TokenStore;
  /** Tells of proxies. */
  readonly env?: Environment | undefined;
  /** What requests carry of the environment, but for `auth`: no message repeats it. */
  readonly carried?: Environment;
}

/** A page that was asked for, with its records as a run would check them. */
export interface Look extends Staged {
  readonly position: Position;
  readonly answer: Answer;
  readonly page: PageContent;
  readonly received: readonly Received[];
  /** Values for the columns, of the records that fit. */
  readonly rows: readonly (readonly (string | null)[])[];
  /** What tells records apart: the key, or all they hold. One for each record. */
  readonly identities: readonly string[];
}

export interface Asker {
  readonly ask: (position: Position, pageNo: number, beyond?: boolean) => Promise<Look>;
  /** The answer that came last, also where reading it failed. */
  readonly answered: () => Answer | undefined;
  /** Ends what was begun at the partner for a position that is not read on. */
  readonly abandon: (position: Position) => Promise<void>;
  /** Method and path of a request, without the values of its query. */
  readonly describe: (position: Position) => string;
  /** Requests that have left. */
  readonly requests: () => number;
  /** What the requests carry that nobody may see, as far as it is known by now. */
  readonly secrets: () => readonly KnownSecret[];
  /** Those that left for it elsewhere. */
  readonly count: (requests: number) => void;
  readonly close: () => void;
}

const now = (): number => Date.now();
const quiet = { info: () => {}, warn: () => {}, debug: () => {} };

/** Asks for pages as a run does, one attempt each; nothing is written. */
export function openAsker(
  stream: CompiledStream,
  { permits, secret, tokens, env = {}, carried = {} }: Asking & Required<Pick<Asking, 'tokens'>>,
): Asker {
  const { partner } = stream;
  const connections = openConnections({ tls: partner.tls, env });
  const known = new KnownSecrets();
  for (const [name, value] of Object.entries(carried)) known.note(`env.${name}`, value);
  const authorizer = createAuthorizer({
    auth: partner.auth,
    baseUrl: partner.baseUrl,
    tokens: tokens(partner),
    exchange: createTokenExchange({ timeoutMs: partner.timeout, connections, now }),
    ...(secret === undefined ? {} : { secret }),
    known,
    now,
  });
  const client = createPartnerClient({ partner, authorizer, connections, log: quiet, now });
  const { limiter, ...gate } = permits(partner);
  let requests = 0;
  let last: Answer | undefined;
  const asking = (): FetchDeps => ({
    ...gate,
    client: { ...client, send: async (...sent) => (last = await client.send(...sent)) },
    authorizer,
    limiter: impatient(limiter),
    failpoint: noFailpoint,
    now,
    signal: AbortSignal.timeout(partner.timeout * 2),
    throttledBackoffMs: () => partner.retry.base,
    onRequest: () => (requests += 1),
  });
  const quoted = (message: string): string => {
    const words = last === undefined ? undefined : partnerWords(last, known.list());
    return words === undefined ? message : `${message}. The partner says: ${words}`;
  };
  const fetched = async (asked: Pick<PageAsked, 'position' | 'pageNo' | 'beyond'>): Promise<FetchedPage> => {
    last = undefined;
    return fetchPage(asking(), { stream, ...asked, ...first }).catch((error: unknown) => {
      // Its kind says what it means, so it stays the same error.
      if (error instanceof Error && !(error instanceof Throttled)) error.message = quoted(error.message);
      throw error;
    });
  };
  return {
    ask: async (position, pageNo, beyond = false) => {
      const asked = { position, pageNo, beyond };
      const { answer, read } = await fetched(asked).catch((error: unknown) => {
        // Once more: its permit waits for what the partner has asked for.
        if (error instanceof Throttled && Date.parse(error.resumeAt) - now() < PATIENCE_MS) return fetched(asked);
        throw error;
      });
      const page = read();
      const { refused } = page;
      return lookAt(stream, {
        position,
        answer: page.chars === undefined ? answer : withoutText(answer),
        page: refused === undefined ? page : { ...page, refused: quoted(refused) },
      });
    },
    answered: () => last,
    abandon: async (stored) => {
      const deps = asking();
      const permitted = permittedBy(deps, stream);
      const position = await sentPosition(stored, authorizer, permitted);
      const request = sourceOf(stream).abandon?.(position);
      if (request === undefined) return;
      await sendOne(deps, request, { stream, position, pageNo: 0, beyond: false, ...first, permitted });
    },
    describe: (position) => {
      const { method, url } = sourceOf(stream).request(position);
      return `${method} ${redactUrl(url, partner.baseUrl)}`;
    },
    requests: () => requests,
    secrets: () => known.list(),
    count: (more) => {
      requests += more;
    },
    close: () => client.close(),
  };
}

/** A large answer that was read in part: its lines say nothing but the records. */
const withoutText = ({ status, headers, bytes, durationMs, receivedAtMs, requestId }: Answer): Answer => ({
  status,
  headers,
  text: '',
  ascii: true,
  body: Buffer.alloc(0),
  bytes,
  durationMs,
  receivedAtMs,
  requestId,
});

const first = { known: null, resumed: false, restarts: 0 };

function lookAt(stream: CompiledStream, asked: Pick<Look, 'position' | 'answer' | 'page'>): Look {
  const { answer, page, position } = asked;
  const received = receivedOf({
    stream,
    text: answer.text,
    ascii: answer.ascii,
    records: page.records,
    exactAt: page.exactAt,
    texts: page.texts,
    faults: page.faults,
    parents: position.parents,
  });
  const rows: (readonly (string | null)[])[] = [];
  const { records, rejected } = stageRecords(withoutFreeze(stream), received, collecting(rows));
  const identities = received.map(({ payload }) => payload);
  // An `append` keeps records of one key side by side.
  if (stream.definition.disposition !== 'append')
    for (const { ordinal, key } of [...records, ...rejected]) if (key !== null) identities[ordinal] = key;
  return { ...asked, received, records, rejected, rows, identities };
}

/** Takes the rows of a page that nobody will load. */
const collecting = (rows: (readonly (string | null)[])[]): Pick<LineWriter, 'add'> => ({
  add: ({ ordinal, key, version, hash, columns }) => ({ ordinal, key, version, hash, line: rows.push(columns) - 1 }),
});
