import type { Bucket } from '../../../limits/declare/bucket.ts';

/** Rate and quota as they are meant, written a second time: the longest prefix of the requests that fits every bucket. */
export function bucketModel(buckets: readonly Bucket[]): {
  take(nowUs: number, charges: readonly (readonly number[])[]): number;
} {
  const models = buckets.map(modelOf);
  return {
    take(nowUs, charges) {
      const fitting = models.map((model, j) => {
        let left = model.room(nowUs);
        let count = 0;
        for (const charge of charges) {
          left -= charge[j] ?? 0;
          if (left < -1e-6) break;
          count += 1;
        }
        return count;
      });
      const granted = Math.min(...fitting);
      if (granted > 0)
        for (const [j, model] of models.entries())
          model.use(
            nowUs,
            charges.slice(0, granted).reduce((sum, charge) => sum + (charge[j] ?? 0), 0),
          );
      return granted;
    },
  };
}

interface Model {
  room(nowUs: number): number;
  use(nowUs: number, units: number): void;
}

function modelOf(bucket: Bucket): Model {
  if (bucket.kind === 'rate') {
    const unitUs = bucket.periodUs / bucket.cap;
    let tatUs = 0;
    return {
      room: (nowUs) => (nowUs + bucket.burst * unitUs - Math.max(nowUs, tatUs)) / unitUs,
      use: (nowUs, units) => {
        tatUs = Math.max(nowUs, tatUs) + units * unitUs;
      },
    };
  }
  let period = -1;
  let used = 0;
  let carried = 0;
  const roll = (nowUs: number): void => {
    const current = Math.floor((nowUs - bucket.guardUs) / bucket.periodUs);
    if (current === period) return;
    used = current === period + 1 ? carried : 0;
    carried = 0;
    period = current;
  };
  return {
    room: (nowUs) => {
      roll(nowUs);
      return bucket.cap - used;
    },
    use: (nowUs, units) => {
      used += units;
      if (nowUs >= (period + 1) * bucket.periodUs - bucket.guardUs) carried += units;
    },
  };
}

/** What the partner does: GCRA or a log, exact, at arrival. */
export function strictJudge(bucket: Bucket): (atUs: number, units: number) => boolean {
  if (bucket.kind === 'rate') {
    const unitUs = bucket.periodUs / bucket.cap;
    let tatUs = 0;
    return (atUs, units) => {
      const next = Math.max(atUs, tatUs) + units * unitUs;
      if (next - atUs > bucket.burst * unitUs + 1) return false;
      tatUs = next;
      return true;
    };
  }
  const log: { atUs: number; units: number }[] = [];
  return (atUs, units) => {
    const within = log
      .filter((each) => each.atUs > atUs - bucket.periodUs)
      .reduce((sum, each) => sum + each.units, units);
    if (within > bucket.cap) return false;
    log.push({ atUs, units });
    return true;
  };
}
