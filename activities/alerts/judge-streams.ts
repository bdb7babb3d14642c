import { isQuietDay } from '../../alerts/configured.ts';
import { judgePoint } from '../../alerts/unusual/judge-point.ts';
import type { AlertFacts } from '../../core/alert-facts.ts';
import type { AlertSettings } from '../../definitions/alerts.ts';
import { noteVerdict, readPoints, readVerdicts, unjudgedStreams } from '../../store/alerts/points.ts';
import type { AlertsDeps } from './alerts-deps.ts';

/** Each needs weeks of runs: what is left is judged by the next look. */
const AT_ONCE = 200;

/** Judges the runs that have ended since the last look, and says what was unusual in the last one of each stream. */
export async function unusualStreams({ pool }: AlertsDeps, settings: AlertSettings): Promise<AlertFacts['unusual']> {
  for (const unjudged of await unjudgedStreams(pool, { most: AT_ONCE })) {
    const points = await readPoints(pool, unjudged);
    const point = points.at(-1);
    const before = points.slice(0, -1);
    const unusual = point === undefined ? [] : judgePoint({ point, before, quiet: isQuietDay(point.day, settings) });
    await noteVerdict(pool, { streamId: unjudged.streamId, point: unjudged.point, unusual });
  }
  return readVerdicts(pool);
}
