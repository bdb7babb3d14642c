import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidInput } from '../core/errors.ts';
import { askedOf, bodyOf } from './asked.ts';
import { control } from './control.ts';
import { createFaultPlan } from './fault-plan.ts';
import { createGate } from './gate.ts';
import { createLimiter } from './limiter.ts';
import { microsOf } from './micros.ts';
import { defaults } from './options.ts';
import type { SimulatorOptions, SimulatorSettings } from './options.ts';
import type { Row, StreamName } from './records.ts';
import { errorReply } from './reply.ts';
import { applySettings, mutateWorld, renderAll } from './running.ts';
import type { Running } from './running.ts';
import { serve } from './serve.ts';
import { auth, checked, limits } from './settings.ts';
import { createTraffic } from './traffic.ts';
import type { Arrival, TrafficStats } from './traffic.ts';
import { transmit } from './transmit.ts';
import { createWorld } from './world.ts';
import type { Mutation } from './world.ts';

export interface Simulator {
  readonly url: string;
  readonly port: number;
  /** Every request to the partner so far, controls excluded. */
  requests(): readonly Arrival[];
  stats(): TrafficStats;
  /** What the partner really holds now, in listing order. */
  truth(stream: StreamName): readonly Row[];
  set(settings: SimulatorSettings): void;
  mutate(mutation: Mutation): void;
  /** Cuts all connections. */
  close(): Promise<void>;
}

/** A payments company of its own on a local port, to pull from. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const running = prepare(options);
  const server = createServer((request, response) => {
    handle(running, request, response).catch((error: unknown) => fail(response, error));
  });
  // Clients keep connections for a while; ours should not be the side that ends them unasked.
  server.keepAliveTimeout = 120_000;
  server.listen(options.port ?? defaults.port, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests: () => running.traffic.arrivals(),
    stats: () => running.traffic.stats(),
    truth: (stream) => Array.from(running.world.tables[stream].order, (index) => running.world.row(stream, index)),
    set: (settings) => applySettings(running, settings),
    mutate: (mutation) => mutateWorld(running, mutation),
    async close() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function prepare(options: SimulatorOptions): Running {
  const given = { ...defaults, ...options };
  const access = checked(auth, given.auth, 'auth');
  const running: Running = {
    world: createWorld(given.seed, given, microsOf(given.now, 'now')),
    traffic: createTraffic(),
    gate: createGate(access),
    clock: options.clock ?? Date.now,
    maxLimit: given.maxLimit,
    secretParam: access.type === 'apiKey' && access.in === 'query' ? access.name : undefined,
    rendered: new Map(),
    prerenders: given.prerender,
    limits: checked(limits, {}, 'limits'),
    limiter: createLimiter(checked(limits, {}, 'limits')),
    plan: createFaultPlan([], given.seed),
    latencyMs: 0,
  };
  applySettings(running, { faults: given.faults, limits: given.limits, latencyMs: given.latencyMs });
  renderAll(running);
  return running;
}

async function handle(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? '/';
  if (path.startsWith('/_sim/')) return await control(running, request, response);
  if (path === '/oauth/token' && running.gate.tokens !== undefined) return await issueToken(running, request, response);
  request.resume();
  await serve(running, request, response);
}

async function issueToken(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const atMs = running.clock();
  const visit = running.traffic.arrive({ atMs, method: 'POST', path: '/oauth/token', stream: 'oauth', key: 'none' });
  try {
    const form = new URLSearchParams(await bodyOf(request));
    const authorization = String(askedOf(request).headers['authorization'] ?? '');
    const reply =
      running.gate.tokens?.issue({ authorization, form }, atMs) ?? errorReply(404, 'not_found', 'no such path');
    await transmit(response, reply, []);
    visit.answered({ status: reply.status, throttled: false, records: 0, bytes: 0 });
  } finally {
    visit.left();
  }
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  const reply =
    error instanceof InvalidInput
      ? errorReply(400, 'invalid_request', error.message)
      : errorReply(500, 'bug', `the simulator itself failed: ${error instanceof Error ? error.stack : String(error)}`);
  transmit(response, reply, []).catch(() => response.destroy());
}
