import { assertNever } from '../../core/assert-never.ts';
import { bucket } from './bucket.ts';
import { concurrency } from './concurrency.ts';
import { fixedWindow } from './fixed-window.ts';
import type { Judge } from './judge.ts';
import type { JudgeSettings } from './settings.ts';
import { slidingWindow } from './sliding-window.ts';

/** The judge that a part of the settings describes. */
export function judgeOf(settings: JudgeSettings): Judge {
  switch (settings.kind) {
    case 'tokenBucket':
      return bucket({ ...settings, capacity: settings.burst });
    case 'leakyBucket':
      return bucket({ ...settings, rate: settings.leak });
    case 'fixedWindow':
      return fixedWindow({ ...settings, phaseMs: 0 });
    case 'dailyQuota':
      return fixedWindow({ ...settings, perMs: settings.windowMs });
    case 'slidingWindow':
      return slidingWindow(settings);
    case 'secondary':
      return slidingWindow({ ...settings, limit: settings.points });
    case 'concurrency':
      return concurrency(settings);
    default:
      return assertNever(settings);
  }
}
