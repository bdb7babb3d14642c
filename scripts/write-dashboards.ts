import { writeFile } from 'node:fs/promises';
import { format } from 'prettier';
import { dashboardFiles } from './dashboards/all.ts';

/** `write-dashboards`: writes deploy/grafana/dashboards/*.json as scripts/dashboards says. */
for (const [name, dashboard] of Object.entries(dashboardFiles()))
  await writeFile(
    `deploy/grafana/dashboards/${name}`,
    await format(JSON.stringify(dashboard), { parser: 'json', printWidth: 120 }),
  );
