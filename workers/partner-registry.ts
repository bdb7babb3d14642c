import { stat } from 'node:fs/promises';
import { inBatches } from '../sources/partitions.ts';
import type { Pool } from 'pg';
import type { PartnerAccess, Partners } from '../activities/access.ts';
import { InvalidInput } from '../core/errors.ts';
import { createAuthorizer, type Authorizer } from '../http/auth.ts';
import { createTokenExchange } from '../http/auth/token-exchange.ts';
import { openConnections, type Connections } from '../http/connections.ts';
import { createPartnerClient, type PartnerClient } from '../http/client.ts';
import { headerProblems, type ReportProblems } from '../http/header-problems.ts';
import { KnownSecrets, type KnownSecret } from '../http/known-secrets.ts';
import type { Log } from '../http/log.ts';
import { secretParameters } from '../http/secret-parameters.ts';
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
import { streamPartner } from '../definitions/stream-partner.ts';
import { withAllMade } from '../landing/made-columns.ts';
import type { Warehouse } from '../landing/warehouse.ts';
import { circuitSettingsOf } from './circuit-settings-of.ts';
import { isCurrent, rotatingAuthorizer } from './rotating-authorizer.ts';
import { tokensOf } from './tokens-of.ts';

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
  /** Of each stream; those with the same `auth` share one. */
  readonly lines: ReadonlyMap<string, OpenLine>;
  readonly gates: Iterable<Gate>;
  readonly streams: ReadonlyMap<string, CompiledStream>;
  readonly onHeaderProblems: ReportProblems;
}

/** A partner with one `auth`. */
interface OpenLine {
  readonly known: KnownSecrets;
  readonly client: PartnerClient;
  readonly authorizer: Authorizer;
  readonly gate: Gate;
}

/** What the requests of one credential pass, however they are authorized. */
interface Gate {
  readonly limiter: Limiter;
  readonly circuit: Circuit;
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
      openPartner({ ...deps, secrets }, loaded, { changedAtMs, former: formerSecrets(opened) }),
    );
    open.set(name, opening);
    return opening;
  };
  return {
    streams: async (name) => withAllMade(deps.pool, (await find(name)).streams),
    access: async (name, streamName) => {
      const opened = await find(name);
      const streams = await withAllMade(deps.pool, opened.streams);
      return accessTo({ warehouse: deps.warehouse, pauses }, streamName, { ...opened, streams });
    },
    close: async () => {
      const closing = [...open.values()].map(async (opening) => {
        const { lines, gates } = await opening;
        for (const { client } of lines.values()) client.close();
        await Promise.all(
          [...gates].map(async ({ limiter, circuit }) => Promise.all([limiter.close?.(), circuit.close()])),
        );
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
  /** Secrets that the requests of each stream carried before the partner was opened anew. */
  readonly former: ReadonlyMap<string, readonly KnownSecret[]>;
}

const formerSecrets = (opened: Opened | undefined): Opening['former'] =>
  new Map([...(opened?.lines ?? [])].map(([stream, { known }]) => [stream, known.list()]));

function openPartner(deps: OpenDeps, loaded: LoadedPartner, { changedAtMs, former }: Opening): Opened {
  const { partner, changeable: taken, files } = loaded;
  const gates = new Map<string, Gate>();
  const lines = new Map<string, OpenLine>();
  const sharing = new Map<unknown, OpenLine>();
  for (const stream of Object.keys(partner.streams)) {
    const asked = streamPartner(partner, stream);
    const credential = credentialOf(asked);
    const gate = gates.get(credential) ?? openGate(deps.pool, asked, credential);
    gates.set(credential, gate);
    const key =
      typeof asked.auth === 'function' || asked.auth.type === 'function' ? asked.auth : JSON.stringify(asked.auth);
    const line =
      sharing.get(key) ??
      openLine(deps, loaded, {
        asked,
        gate,
        known: new KnownSecrets(former.get(stream)),
        of: (now) => streamPartner(now, stream),
      });
    sharing.set(key, line);
    lines.set(stream, line);
  }
  return {
    changedAtMs,
    files,
    taken,
    lines,
    gates: [...gates.values()],
    streams: compilePartner(partner, deps.names),
    onHeaderProblems: headerProblems({ log: deps.log, partner: partner.name }),
  };
}

function openGate(pool: Pool, partner: Partner, credential: string): Gate {
  const { name, baseUrl, limits } = partner;
  return {
    limiter: postgresLimiter(pool, { partner: name, credential, baseUrl, limits, leaseMs: LEASE_MS }),
    circuit: postgresCircuit(pool, { partner: name, credential, settings: circuitSettingsOf(partner) }),
  };
}

interface LineOf {
  readonly asked: Partner;
  readonly gate: Gate;
  readonly known: KnownSecrets;
  /** The same of a definition that was read anew. */
  readonly of: (partner: Partner) => Partner;
}

function openLine(
  deps: OpenDeps,
  { partner, changeable: taken, carried }: LoadedPartner,
  { asked, gate, known, of }: LineOf,
): OpenLine {
  const { log, now, secrets, env } = deps;
  const connections = openConnections({ tls: asked.tls, env });
  const authorizer = rotatingAuthorizer({
    secrets,
    taken,
    authorizer: authorizerOf(deps, asked, { known, connections }),
    remake: async () => {
      const loaded = await loadWithSecrets(partner.name, deps);
      return {
        authorizer: authorizerOf(deps, of(loaded.partner), { known, connections }),
        taken: loaded.changeable,
      };
    },
  });
  // Behind those of `auth`, which are kept up to date: one secret may be both.
  for (const [name, value] of Object.entries(carried)) known.note(`env.${name}`, value);
  for (const [name, value] of Object.entries(secretParameters(partner))) known.note(name, value);
  return {
    known,
    gate,
    authorizer,
    client: createPartnerClient({ partner: asked, authorizer, connections, log, now }),
  };
}

function authorizerOf(
  { pool, now, secrets }: OpenDeps,
  partner: Partner,
  { known, connections }: { readonly known: KnownSecrets; readonly connections: Connections },
): Authorizer {
  return createAuthorizer({
    auth: partner.auth,
    baseUrl: partner.baseUrl,
    tokens: tokensOf(pool, partner),
    exchange: createTokenExchange({ timeoutMs: partner.timeout, connections, now }),
    secret: secretFor(secrets),
    known,
    now,
  });
}

function accessTo(
  { warehouse, pauses }: { readonly warehouse: Warehouse; readonly pauses: Pauses },
  streamName: string,
  { streams, lines, onHeaderProblems }: Opened,
): PartnerAccess {
  const stream = streams.get(streamName);
  const line = lines.get(streamName);
  if (stream === undefined || line === undefined) return missing(streamName, streams);
  const { client, authorizer, gate } = line;
  const { parent } = stream.definition;
  const parentStream = parent === undefined ? undefined : streams.get(parent.stream);
  return {
    stream,
    client,
    authorizer,
    ...gate,
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
                onlyNew: parent.changed !== undefined,
              }),
            ),
  };
}

function missing(name: string, streams: ReadonlyMap<string, CompiledStream>): never {
  throw new InvalidInput(`no stream ${JSON.stringify(name)}: the definition has ${[...streams.keys()].join(', ')}`);
}
