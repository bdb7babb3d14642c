import type { Micros } from '../micros.ts';
import { createPanel } from './panel.ts';
import type { JudgeConfig } from './settings.ts';
import type { Asked } from './weigh.ts';

/**
 * The shortest time from first to last arrival in which these requests, in this order, could have passed the judges: each comes
 * the moment it may. Answers take the mean latency. Outages, scripted waits and the client's own work are not part of it.
 */
export function idealWallUs(
  settings: Pick<JudgeConfig, 'judges' | 'latencyMs' | 'jitterMs'>,
  firstUs: Micros,
  requests: Iterable<Asked>,
): number {
  const panel = createPanel(settings.judges);
  const latencyUs = Math.round((settings.latencyMs + settings.jitterMs / 2) * 1000);
  const open: { readonly endsUs: Micros; readonly asked: Asked }[] = [];
  let [nowUs, oldest] = [firstUs, 0];
  const releaseEnded = (): void => {
    for (let each = open[oldest]; each !== undefined && each.endsUs <= nowUs; each = open[oldest]) {
      panel.release(each.asked);
      oldest += 1;
    }
  };
  for (const asked of requests) {
    for (;;) {
      releaseEnded();
      const waitUs = panel.waitUs(nowUs, asked);
      if (waitUs === 0) break;
      // A place that becomes free may come sooner than what the judges say.
      nowUs = Math.min(nowUs + waitUs, open[oldest]?.endsUs ?? Infinity);
    }
    panel.admit(nowUs, asked);
    open.push({ endsUs: nowUs + latencyUs, asked });
  }
  return nowUs - firstUs;
}
