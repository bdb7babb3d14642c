import type { AlertSettings } from '../definitions/alerts.ts';
import { sendCall, type SendDeps } from './send-json.ts';

/** Tells somebody outside that all was looked at. Its silence is the alert: a service such as healthchecks.io or Dead Man's Snitch notices. */
export const sendHeartbeat = (
  { url, method }: NonNullable<AlertSettings['heartbeat']>,
  deps: SendDeps,
): Promise<void> => sendCall({ what: 'heartbeat', url, method }, deps);
