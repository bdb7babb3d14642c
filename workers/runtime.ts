import { isIP } from 'node:net';
import { Runtime } from '@temporalio/worker';
import type { Logger } from 'pino';
import { explain, InvalidInput } from '../core/errors.ts';
import { temporalLogger } from './temporal-logger.ts';
import { histogramBuckets } from './metrics.ts';

let installed = false;

/**
 * Temporal's runtime: once per process, before any connection. We handle signals ourselves: workers first, then what they
 * stand on. With an address, `GET /metrics` there answers in Prometheus' format.
 */
export function installRuntime(log: Logger, metricsAddress: string | undefined): void {
  if (installed) return;
  try {
    Runtime.install({
      logger: temporalLogger(log),
      shutdownSignals: [],
      ...(metricsAddress === undefined
        ? {}
        : { telemetryOptions: { metrics: { prometheus: exporter(metricsAddress) } } }),
    });
  } catch (error) {
    if (metricsAddress === undefined) throw error;
    throw new InvalidInput(
      `SYNCLINE_METRICS_ADDRESS: cannot listen on ${metricsAddress} (${explain(error)}); choose another address, one for each process`,
    );
  }
  installed = true;
  if (metricsAddress !== undefined) log.info({ url: `http://${metricsAddress}/metrics` }, 'answering Prometheus');
}

/** The exporter's settings; throws InvalidInput for an address that it would not understand. */
export function exporter(address: string) {
  // The exporter wants a number, and would name neither the setting nor the reason.
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  if (isIP(host) === 0)
    throw new InvalidInput(
      `SYNCLINE_METRICS_ADDRESS: expected an IP address and a port, such as 127.0.0.1:9464, found ${address}`,
    );
  return {
    bindAddress: address,
    countersTotalSuffix: true,
    unitSuffix: true,
    useSecondsForDurations: true,
    histogramBucketOverrides: Object.fromEntries(
      Object.entries(histogramBuckets).map(([name, bounds]) => [name, [...bounds]]),
    ),
  };
}
