import type { Limits } from './limits.ts';
import type { Problem } from './problem.ts';

/** Bucket names that the definition does not write. */
const builtIn = ['rate', 'concurrency'];

/** Rules between the buckets: what could never be granted, or would silently count nothing. */
export function checkLimits(limits: Limits): readonly Problem[] {
  return [...checkNames(limits), ...checkWeights(limits), ...checkCost(limits), ...checkPeriods(limits)];
}

const namesOf = (limits: Limits): string[] => [
  ...builtIn,
  ...limits.windows.map(({ name }) => name),
  ...limits.quotas.map(({ name }) => name),
];

function checkNames(limits: Limits): Problem[] {
  const seen = new Set(builtIn);
  return (['windows', 'quotas'] as const).flatMap((kind) =>
    limits[kind].flatMap(({ name }, i) => {
      const taken = seen.has(name);
      seen.add(name);
      return taken
        ? [{ path: ['limits', kind, i, 'name'], says: `"${name}" is the name of another bucket; give each its own` }]
        : [];
    }),
  );
}

function checkWeights(limits: Limits): Problem[] {
  const names = namesOf(limits);
  return limits.weights.flatMap(({ weight, of }, i) => {
    const path = ['limits', 'weights', i];
    const unknown = (of ?? []).filter((name) => !names.includes(name) || name === 'concurrency');
    const counts = (name: string): boolean => of === undefined || of.includes(name);
    const tooHeavy = [
      ...(limits.rate !== undefined && limits.unit === 'requests' && counts('rate') && weight > limits.burst
        ? [`burst ${limits.burst}`]
        : []),
      ...[...limits.windows, ...limits.quotas]
        .filter((bucket) => bucket.unit === 'requests' && counts(bucket.name) && weight > bucket.limit)
        .map((bucket) => `${bucket.name} ${bucket.limit}`),
    ];
    return [
      ...unknown.map((name) => ({ path: [...path, 'of'], says: `no bucket "${name}": there are ${names.join(', ')}` })),
      ...tooHeavy.map((bucket) => ({
        path: [...path, 'weight'],
        says: `${weight} never fits into ${bucket}; lower the weight or raise the bucket`,
      })),
    ];
  });
}

function checkCost(limits: Limits): Problem[] {
  const counted = [limits, ...limits.windows, ...limits.quotas].some(({ unit }) => unit === 'cost');
  const { cost } = limits;
  if (counted && cost === undefined)
    return [
      { path: ['limits', 'cost'], says: 'missing; a bucket counts cost: say what to assume and where to read it' },
    ];
  if (!counted && cost !== undefined) return [{ path: ['limits', 'cost'], says: 'not used: no bucket has unit: cost' }];
  if (cost !== undefined && limits.rate !== undefined && limits.unit === 'cost' && cost.assume > limits.burst)
    return [{ path: ['limits', 'cost', 'assume'], says: `${cost.assume} never fits into burst ${limits.burst}` }];
  return [];
}

function checkPeriods(limits: Limits): Problem[] {
  const periods = [
    ...(limits.rate === undefined ? [] : [{ path: ['limits', 'per'], ms: limits.per }]),
    ...limits.windows.map(({ per }, i) => ({ path: ['limits', 'windows', i, 'per'], ms: per })),
    ...limits.quotas.flatMap(({ per }, i) =>
      typeof per === 'number' ? [{ path: ['limits', 'quotas', i, 'per'], ms: per }] : [],
    ),
  ];
  return periods.filter(({ ms }) => ms < 1).map(({ path }) => ({ path, says: 'expected a duration above 0' }));
}
