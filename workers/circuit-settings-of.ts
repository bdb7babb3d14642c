import { circuitSettings, type CircuitSettings } from '../core/circuit-settings.ts';
import type { Partner } from '../definitions/definition.ts';

export function circuitSettingsOf({
  retry,
  timeout,
  circuit: { window: windowMs, ...change },
}: Partner): CircuitSettings {
  // Pauses double from the first one: with none at all one probe would follow the other.
  const backoff = { baseMs: Math.max(1, retry.base), capMs: retry.cap, timeoutMs: timeout };
  return circuitSettings(backoff, { windowMs, ...change });
}
