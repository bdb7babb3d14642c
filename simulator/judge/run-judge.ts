import { once } from 'node:events';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { InvalidInput } from '../../core/errors.ts';
import { randomOf } from '../random.ts';
import { errorReply } from '../reply.ts';
import { checked } from '../settings.ts';
import { transmit } from '../transmit.ts';
import { createClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { control } from './control.ts';
import { createRun } from './run.ts';
import { createListing } from './listing.ts';
import { reportOf } from './report.ts';
import type { JudgeReport } from './report.ts';
import { serve } from './serve.ts';
import { judgeConfig } from './settings.ts';
import type { JudgeInput, JudgeConfig } from './settings.ts';
import { watchStalls } from './stall.ts';
import type { Stall } from './stall.ts';

export interface RunningJudge {
  readonly url: string;
  report(): JudgeReport & { readonly stall: Stall };
  /** Begins anew, with all of the settings given here. */
  configure(settings: JudgeInput): void;
  /** Cuts all connections. */
  close(): Promise<void>;
}

/**
 * A partner on a local port whose limits are judged strictly: by its own clock, at arrival, without any tolerance. In this
 * process it is only as exact as this process is idle; `startJudge` gives it one of its own.
 */
export async function runJudge(
  settings: JudgeInput = {},
  how: { readonly port?: number; readonly clock?: Clock } = {},
): Promise<RunningJudge> {
  const clock = how.clock ?? createClock();
  const stalls = watchStalls();
  let now = begin(checked(judgeConfig, settings, 'config'), clock);
  const configure = (next: JudgeConfig): void => {
    now = begin(next, clock);
    stalls.reset();
  };
  const controlled = { run: () => now.run, stall: () => stalls.read(), configure };
  const server = createServer((request, response) => {
    // First of all: whatever is done before this makes the arrival look later than it was.
    const nowUs = clock();
    const carriedOut = request.url?.startsWith('/_judge/')
      ? control(controlled, request, response)
      : serve(now, nowUs, request, response);
    carriedOut.catch((error: unknown) => fail(response, error));
  });
  server.keepAliveTimeout = 120_000;
  server.listen(how.port ?? 0, '127.0.0.1');
  await once(server, 'listening');

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    report: () => ({ ...reportOf(now.run), stall: stalls.read() }),
    configure: (next) => configure(checked(judgeConfig, next, 'config')),
    async close() {
      stalls.stop();
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

const begin = (settings: JudgeConfig, clock: Clock) => ({
  listing: createListing(settings),
  run: createRun(settings, clock()),
  random: randomOf(1),
});

function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) return void response.destroy();
  const reply =
    error instanceof InvalidInput
      ? errorReply(400, 'invalid_request', error.message)
      : errorReply(500, 'bug', `the judge itself failed: ${error instanceof Error ? error.stack : String(error)}`);
  transmit(response, reply, []).catch(() => response.destroy());
}
