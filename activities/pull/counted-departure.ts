import type { Departure } from '../../core/departure.ts';

/** A request counts as it is handed to the kernel: one that is withdrawn before, or finds no connection, never reached the partner. */
export const countedDeparture = (
  departure: Departure,
  {
    onRequest,
    signal,
    onWire = () => {},
  }: { readonly onRequest: () => void; readonly signal: AbortSignal; readonly onWire?: () => void },
): Departure => ({
  ...departure,
  ready: (write, turnBack) =>
    departure.ready(() => {
      if (!signal.aborted) onRequest();
      write();
    }, turnBack),
  onWire: () => {
    departure.onWire();
    onWire();
  },
});
