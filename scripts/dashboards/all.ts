import { grafanaDashboard, type Dashboard } from './dashboard.ts';
import { fleet } from './fleet.ts';
import { ingest } from './ingest.ts';
import { limits } from './limits.ts';
import { partner } from './partner.ts';
import { targets } from './targets.ts';

export const dashboards = [fleet, partner, limits, ingest, targets] as const satisfies readonly Dashboard[];

/** What deploy/grafana/dashboards has to hold, by the name of the file. */
export const dashboardFiles = (): Readonly<Record<string, object>> =>
  Object.fromEntries(dashboards.map((dashboard) => [`${dashboard.name}.json`, grafanaDashboard(dashboard)]));
