import { noteCall, type NotedCalls } from '../../activities/pull/note-call.ts';
import { actionOf } from '../../activities/pull/permitted-by.ts';
import { KnownSecrets } from '../../http/known-secrets.ts';
import { harmlessRequestId } from '../../http/redact.ts';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline/promises';
import { InvalidInput, NeedsAttention } from '../../core/errors.ts';
import { formatDuration, MINUTE } from '../../core/duration.ts';
import type { Partner } from '../../definitions/definition.ts';
import { closest } from '../../definitions/closest.ts';
import { loadPartner } from '../../definitions/load.ts';
import { streamPartner } from '../../definitions/stream-partner.ts';
import { askPerson, codeIn, type Asked } from '../../http/auth/ask-person.ts';
import { openLoopback } from '../../http/auth/loopback.ts';
import { readTokenAnswer } from '../../http/auth/read-token-answer.ts';
import { createTokenExchange } from '../../http/auth/token-exchange.ts';
import { codeRequest, type OAuth2Auth } from '../../http/auth/token-request.ts';
import { openConnections } from '../../http/connections.ts';
import { tokensOf } from '../../workers/tokens-of.ts';
import { commandCalls } from '../command-calls.ts';
import { permittedOnce, type MadeOnce } from '../permitted-once.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';

/** So long a person has for the partner's page. */
const WAIT_MS = 10 * MINUTE;

interface AuthContext extends CommandContext<{ stream?: string; port?: string; browser: boolean; paste?: boolean }> {
  readonly partner: string;
}

const now = (): number => Date.now();

/** Has a person agree in a browser, and keeps the tokens for the workers. */
export async function authorize({ config, output, options, partner: name }: AuthContext): Promise<number> {
  const loaded = await loadPartner(name, { dir: config.partnersDir, env: config.env });
  const partner = options.stream === undefined ? loaded : streamPartner(loaded, streamNamed(loaded, options.stream));
  const auth = authOf(partner, options.stream);
  const port = portOf(options.port);
  return withDatabase(config, async (pool) => {
    // Before anybody is asked: tokens that cannot be kept would be lost.
    const tokens = tokensOf(pool, partner);
    await tokens.read();
    const { asked, code } = await (options.paste === true
      ? pasted(auth, output)
      : returned(auth, { port, output, options }));
    const connections = openConnections({ tls: partner.tls, env: config.env });
    const calls = commandCalls(pool, config, 'auth');
    const note = (made: MadeOnce): void => noteToken(calls.noted, { partner, auth, stream: options.stream }, made);
    try {
      const exchange = createTokenExchange({ timeoutMs: partner.timeout, connections, now });
      const { verifier, redirectUri } = asked;
      const askedAtMs = now();
      const answer = readTokenAnswer(
        await exchange(codeRequest(auth, { code, verifier, redirectUri }), permittedOnce(pool, partner, note)),
      );
      if (answer === 'invalid_grant')
        throw new NeedsAttention(
          'the token endpoint answered invalid_grant: the code has expired or was used, or redirectUri is another than registered; begin again',
        );
      await tokens.lock(({ write }) =>
        write({
          accessToken: answer.accessToken,
          expiresAtMs: answer.lifetimeMs === null ? null : askedAtMs + answer.lifetimeMs,
          refreshToken: answer.refreshToken,
        }),
      );
      const { lifetimeMs, refreshToken } = answer;
      output.json({ partner: name, stream: options.stream ?? null, lifetimeMs, renewable: refreshToken !== null });
      output.say(`${name} is authorized; the tokens are sealed in the database, where all workers find them.`);
      if (refreshToken === null)
        output.say(
          `CAUTION: the partner gave no refresh token, so this ends ${lifetimeMs === null ? 'when the partner likes' : `in ${formatDuration(lifetimeMs)}`}. Many want a scope for it (offline_access) or a parameter under \`authorize\` (access_type: offline).`,
        );
      return exitCodes.ok;
    } finally {
      connections.close();
      await calls.close();
    }
  });
}

interface Asks {
  readonly partner: Partner;
  readonly auth: OAuth2Auth;
  readonly stream: string | undefined;
}

/** The one request that is made here. The code in its body is not kept, nor is what came. */
function noteToken(calls: NotedCalls | undefined, { partner, auth, stream }: Asks, made: MadeOnce): void {
  if (calls === undefined) return;
  const { came, ...request } = made;
  const known = new KnownSecrets();
  known.note('auth.clientSecret', auth.clientSecret);
  known.note('auth.sealKey', auth.sealKey);
  const secrets = known.list();
  noteCall(calls, {
    ...request,
    stream: { name: stream ?? '', partner, definition: { calls: {} } },
    purpose: 'token',
    page: null,
    secrets,
    came:
      'error' in came
        ? { error: came.error, cancelled: false }
        : {
            answer: {
              status: came.answer.status,
              durationMs: made.nowMs - made.sentAtMs,
              bytes: null,
              requestId: harmlessRequestId(came.answer.headers, secrets),
            },
            action: actionOf(came.answer.status),
          },
  });
}

function streamNamed({ streams }: Partner, name: string): string {
  if (Object.hasOwn(streams, name)) return name;
  const near = closest(name, Object.keys(streams));
  throw new InvalidInput(
    `--stream: expected one of ${Object.keys(streams).join(', ')}${near === undefined ? '' : `; did you mean "${near}"?`}`,
  );
}

function authOf({ name, auth }: Partner, stream: string | undefined): OAuth2Auth {
  if (typeof auth !== 'function' && auth.type === 'oauth2' && auth.grant === 'authorization_code') return auth;
  throw new InvalidInput(
    `${stream === undefined ? name : `${name}/${stream}`}: expected auth: { type: oauth2, grant: authorization_code, … }; nobody needs to agree to any other (docs/auth.md)`,
  );
}

function portOf(text: string | undefined): number {
  if (text === undefined) return 0;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port;
  throw new InvalidInput('--port: expected a number from 1 to 65535');
}

interface Agreed {
  readonly asked: Asked;
  readonly code: string;
}

async function returned(
  auth: OAuth2Auth,
  { port, output, options }: Pick<AuthContext, 'output' | 'options'> & { readonly port: number },
): Promise<Agreed> {
  if (auth.redirectUri !== undefined && !/^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(auth.redirectUri))
    throw new InvalidInput(
      'auth.redirectUri leads to another machine: use --paste, and copy the URL that the browser ends at',
    );
  const loopback = await openLoopback({ port, uri: auth.redirectUri });
  try {
    const asked = askPerson(auth, loopback.redirectUri);
    const signal = AbortSignal.timeout(WAIT_MS);
    const waiting = loopback.returned(asked, signal).catch((error: unknown) => {
      if (signal.aborted) throw new InvalidInput(`nobody came back within ${formatDuration(WAIT_MS)}: begin again`);
      throw error;
    });
    output.say(`Open this page and agree; the browser then comes back to ${loopback.redirectUri}:\n\n${asked.url}\n`);
    if (options.browser) openBrowser(asked.url);
    return { asked, code: codeIn(await waiting, asked) };
  } finally {
    await loopback.close();
  }
}

/** Where no browser runs on this machine: a person carries the URL back. */
async function pasted(auth: OAuth2Auth, output: AuthContext['output']): Promise<Agreed> {
  const asked = askPerson(auth, auth.redirectUri ?? 'http://127.0.0.1/callback');
  output.say(
    `Open this page in any browser and agree. It ends at a page that may not load: copy its whole URL.\n\n${asked.url}\n`,
  );
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const text = (await lines.question('URL that the browser ended at: ')).trim();
    if (!URL.canParse(text)) throw new InvalidInput('expected the whole URL that the browser ended at; begin again');
    return { asked, code: codeIn(new URL(text), asked) };
  } finally {
    lines.close();
  }
}

/** If there is none, the person has the URL. */
function openBrowser(url: string): void {
  const [command, args]: readonly [string, string[]] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['rundll32', ['url.dll,FileProtocolHandler', url]]
        : ['xdg-open', [url]];
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
