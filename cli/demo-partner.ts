import { fileURLToPath } from 'node:url';
import { portOrFree } from '../services/free-port.ts';
import { startSimulator, type Simulator } from '../simulator/start.ts';

/** Where its definition is, in a checkout and in an installed package. */
export const demoPartners = fileURLToPath(new URL('../partners', import.meta.url));

export const DEMO_TOKEN = 'demo-token';

/** Enough to watch for some seconds; the partner's limit is the one that partners/demo.yaml declares. */
export const demoSize = { customers: 2000, payments: 20_000, refunds: 1500, events: 10_000 } as const;

/** On `port` if it is free. */
export async function startDemoPartner(port?: number): Promise<{ simulator: Simulator; env: Record<string, string> }> {
  const simulator = await startSimulator({
    port: await portOrFree(port),
    ...demoSize,
    seed: 2026,
    auth: { type: 'bearer', token: DEMO_TOKEN },
    limits: { rate: 100, perMs: 1000, burst: 12, headers: 'ietf' },
    latencyMs: 20,
  });
  return { simulator, env: { DEMO_URL: simulator.url, DEMO_TOKEN } };
}
