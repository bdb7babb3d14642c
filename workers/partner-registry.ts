import { stat } from 'node:fs/promises';
import { inBatches } from '../sources/partitions.ts';
import type { Pool } from 'pg';
import type { PartnerAccess, Partners } from '../activities/access.ts';
import { circuitSettings, type CircuitSettings } from '../core/circuit-settings.ts';
import { InvalidInput } from '../core/errors.ts';
import { createAuthorizer, type Authorizer } from '../http/auth.ts';
import { createTokenExchange } from '../http/auth/token-exchange.ts';
import { openConnections } from '../http/connections.ts';
import { createPartnerClient, type PartnerClient } from '../http/client.ts';
import { headerProblems, type ReportProblems } from '../http/header-problems.ts';
import { KnownSecrets, type KnownSecret } from '../http/known-secrets.ts';
import type { Log } from '../http/log.ts';
import { secretParameters } from '../http/secret-parameters.ts';
import { createMemoryTokenStore } from '../http/token-store.ts';
import type { TokenStore } from '../core/token-store.ts';
import type { Circuit } from '../limits/circuit/circuit.ts';
import { credentialOf } from '../limits/declare/credential.ts';
import { LEASE_MS } from '../limits/slots/leases.ts';
import type { Limiter } from '../limits/permits/limiter.ts';
import { PostgresPauses, type Pauses } from '../limits/watch/pauses.ts';
import { postgresCircuit } from '../limits/circuit/postgres-circuit.ts';
import { postgresLimiter } from '../limits/permits/postgres-limiter.ts';
import { compilePartner } from '../definitions/compile.ts';
import type { Names } from '../messages/names.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import type { Partner } from '../definitions/definition.ts';
import { findPartner } from '../definitions/find.ts';
import { parentFields } from '../definitions/mentions.ts';
import type { Environment } from '../definitions/interpolate.ts';
import { loadWithSecrets, type LoadedPartner } from '../definitions/load.ts';
import { secretFor, secretsOf, type Secrets } from '../definitions/secrets.ts';
import { postgresTokenStore } from '../store/token-store.ts';
import type { Warehouse } from '../landing/warehouse.ts';
import { isCurrent, rotatingAuthorizer } from './rotating-authorizer.ts';

export interface RegistryDeps {
  readonly names: Names;
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pool: Pool;
  readonly warehouse: Warehouse;
  readonly log: Log;
  readonly now: () => number;
}

interface Opened {
  readonly changedAtMs: number;
  /** That the definition names. */
  readonly files: LoadedPartner['files'];
  /** What the definition took from secrets that may change. */
  readonly taken: Environment;
  readonly known: KnownSecrets;
  readonly streams: ReadonlyMap<string, CompiledStream>;
  readonly client: PartnerClient;
  readonly authorizer: Authorizer;
  readonly limiter: Limiter;
  readonly circuit: Circuit;
  readonly onHeaderProblems: ReportProblems;
}

/** Definitions from their files, read again when a file or a secret has changed, with the connections that belong to them. */
export function partnerRegistry(deps: RegistryDeps): Partners & { close(): Promise<void> } {
  const open = new Map<string, Promise<Opened>>();
  const pauses = new PostgresPauses(deps.pool);
  const secrets = secretsOf(deps.env, deps.now);
  const find = async (name: string): Promise<Opened> => {
    const known = open.get(name);
    const opened = await known?.catch(() => undefined);
    const changedAtMs = (await stat(await findPartner(name, deps.dir))).mtimeMs;
    if (
      known !== undefined &&
      opened?.changedAtMs === changedAtMs &&
      (await areUnchanged(opened.files)) &&
      (await isCurrent(secrets, opened.taken))
    )
      return known;
    // Grants that run on keep the old client; its idle connections end by themselves.
    const opening = loadWithSecrets(name, { ...deps, secrets }).then((loaded) =>
      openPartner({ ...deps, secrets }, loaded, { changedAtMs, former: opened?.known.list() ?? [] }),
    );
    open.set(name, opening);
    return opening;
  };
  return {
    streams: async (name) => (await find(name)).streams,
    access: async (name, streamName) => {
      return accessTo({ warehouse: deps.warehouse, pauses }, streamName, await find(name));
    },
    close: async () => {
      const closing = [...open.values()].map(async (opening) => {
        const { client, limiter, circuit } = await opening;
        client.close();
        await Promise.all([limiter.close?.(), circuit.close()]);
      });
      await Promise.allSettled(closing);
    },
  };
}

/** One that is away may be in the middle of being replaced. */
async function areUnchanged(files: Opened['files']): Promise<boolean> {
  const changes = await Promise.all(
    files.map(async ({ path, changedAtMs }) => {
      const found = await stat(path).catch(() => undefined);
      return found !== undefined && found.mtimeMs !== changedAtMs;
    }),
  );
  return !changes.includes(true);
}

type OpenDeps = RegistryDeps & { readonly secrets: Secrets };

interface Opening {
  readonly changedAtMs: number;
  /** Secrets that the partner's requests carried before it was opened anew. */
  readonly former: readonly KnownSecret[];
}

function openPartner(
  deps: OpenDeps,
  { partner, changeable: taken, carried, files }: LoadedPartner,
  { changedAtMs, former }: Opening,
): Opened {
  const { pool, log, now, secrets, env } = deps;
  const credential = credentialOf(partner);
  const known = new KnownSecrets(former);
  const connections = openConnections({ tls: partner.tls, env });
  const authorizer = rotatingAuthorizer({
    secrets,
    taken,
    authorizer: authorizerOf(deps, partner, known),
    remake: async () => {
      const loaded = await loadWithSecrets(partner.name, deps);
      return { authorizer: authorizerOf(deps, loaded.partner, known), taken: loaded.changeable };
    },
  });
  // Behind those of `auth`, which are kept up to date: one secret may be both.
  for (const [name, value] of Object.entries(carried)) known.note(`env.${name}`, value);
  for (const [name, value] of Object.entries(secretParameters(partner))) known.note(name, value);
  return {
    changedAtMs,
    files,
    taken,
    known,
    streams: compilePartner(partner, deps.names),
    authorizer,
    client: createPartnerClient({ partner, authorizer, connections, log, now }),
    limiter: postgresLimiter(pool, {
      partner: partner.name,
      credential,
      baseUrl: partner.baseUrl,
      limits: partner.limits,
      leaseMs: LEASE_MS,
    }),
    circuit: postgresCircuit(pool, { partner: partner.name, credential, settings: settingsOf(partner) }),
    onHeaderProblems: headerProblems({ log, partner: partner.name }),
  };
}

function authorizerOf({ pool, now, secrets }: OpenDeps, partner: Partner, known: KnownSecrets): Authorizer {
  return createAuthorizer({
    auth: partner.auth,
    tokens: tokensOf(pool, partner, credentialOf(partner)),
    exchange: createTokenExchange({ timeoutMs: partner.timeout, now }),
    secret: secretFor(secrets),
    known,
    now,
  });
}

function settingsOf({ retry, timeout, circuit: { window: windowMs, ...change } }: Partner): CircuitSettings {
  // Pauses double from the first one: with none at all one probe would follow the other.
  const backoff = { baseMs: Math.max(1, retry.base), capMs: retry.cap, timeoutMs: timeout };
  return circuitSettings(backoff, { windowMs, ...change });
}

const tokensOf = (pool: Pool, { auth }: Partner, credential: string): TokenStore =>
  typeof auth === 'object' && auth.type === 'oauth2'
    ? postgresTokenStore(pool, { credential, secret: auth.clientSecret })
    : createMemoryTokenStore();

function accessTo(
  { warehouse, pauses }: { readonly warehouse: Warehouse; readonly pauses: Pauses },
  streamName: string,
  { streams, client, authorizer, limiter, circuit, onHeaderProblems }: Opened,
): PartnerAccess {
  const stream = streams.get(streamName);
  if (stream === undefined) return missing(streamName, streams);
  const { parent } = stream.definition;
  const parentStream = parent === undefined ? undefined : streams.get(parent.stream);
  return {
    stream,
    client,
    authorizer,
    limiter,
    circuit,
    pauses,
    onHeaderProblems,
    parents:
      parent === undefined || parentStream === undefined
        ? undefined
        : (run) =>
            inBatches(parent.batch, (after, limit) =>
              warehouse.parentValues({
                after,
                limit,
                run,
                parent: parentStream,
                fields: parentFields(stream.definition),
              }),
            ),
  };
}

function missing(name: string, streams: ReadonlyMap<string, CompiledStream>): never {
  throw new InvalidInput(`no stream ${JSON.stringify(name)}: the definition has ${[...streams.keys()].join(', ')}`);
}
