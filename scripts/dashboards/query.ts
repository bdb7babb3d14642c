/** Older values are of a process that no longer looks; workers look every 30 and every 60 seconds. */
const YOUNG_SECS = 150;

/** What a panel asks of Prometheus. `legend` is Grafana's: `{{label}}` stands for a value. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
}

/** Chosen at the top of a dashboard. Grafana puts a regular expression in their place. */
export const ofPartner = 'partner=~"$partner"';
export const ofTarget = 'target=~"$target"';

/** A gauge of what is stored, as the workers say that have looked lately. All of them say the same, so the `max` is taken. */
export const stored = (series: string, by: string, selector: string): string =>
  `max by (${by}) (${series}{${selector}} and on (instance) (time() - syncline_targets_observed_timestamp_seconds < ${YOUNG_SECS}))`;

/** A gauge of the governor of a partner, which moves from worker to worker. */
export const governed = (series: string, by: string, selector: string): string =>
  `max by (${by}) (${series}{${selector}} and on (instance, partner) (time() - syncline_limits_observed_timestamp_seconds < ${YOUNG_SECS}))`;

/** Of a counter, over what Grafana shows as one point. */
export const perSecond = (series: string, by: string, selector = ''): string =>
  `sum by (${by}) (rate(${series}${braced(selector)}[$__rate_interval]))`;

export const perMinute = (series: string, by: string, selector = ''): string =>
  `60 * ${perSecond(series, by, selector)}`;

/** Of a counter: without `by` it is one number. */
export const within = (series: string, time: string, selector: string, by = ''): string =>
  `sum ${by === '' ? '' : `by (${by}) `}(increase(${series}${braced(selector)}[${time}]))`;

/** `share` of the values of a histogram are no higher. */
export const quantile = (share: number, histogram: string, by: string, selector = ''): string =>
  `histogram_quantile(${share}, sum by (le, ${by}) (rate(${histogram}_bucket${braced(selector)}[$__rate_interval])))`;

/** Grafana reads a time in milliseconds. */
export const asTime = (expr: string): string => `1000 * ${expr}`;

/** How many there are. Nothing that is so is 0, and no empty panel. */
export const countOf = (expr: string): string => `count(${expr}) or vector(0)`;

/** Age of the data of streams that promise some freshness, and what they promise: for a comparison or a division of the two. */
export const ageAgainstPromise = (operator: '>' | '/'): string => {
  const fresh = stored('syncline_fresh_timestamp_seconds', 'partner, stream', ofPartner);
  const promise = stored('syncline_freshness_promise_seconds', 'partner, stream', ofPartner);
  return `(time() - ${fresh}) ${operator} (${promise} > 0)`;
};

const braced = (selector: string): string => (selector === '' ? '' : `{${selector}}`);
