import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { noMetrics, type Metrics } from '../../core/metrics.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { plainNames } from '../../messages/names.ts';
import { noteApplied, noteTroubled } from '../../store/target-states.ts';
import { noteUnfit } from '../../store/target-unfit.ts';
import { observeTargets } from '../../workers/observe-targets.ts';
import { targetNotes } from '../../workers/target-notes.ts';
import { withFiles } from '../definitions/partner-files.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool();

const acme = (targets: string): string => `
name: acme
baseUrl: http://127.0.0.1:1
targets: ${targets}
streams:
  payments: { path: /x, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
  refunds: { path: /x, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
  rates: { path: /x, primaryKey: [id], disposition: replace, schema: { type: object, properties: { id: { type: string } } } }
`;
const lake = 'targets: { lake: { type: duckdb, path: lake.duckdb } }';
const place = (stream: string) => ({ target: 'lake', partner: 'acme', stream });
const nowMs = Date.parse('2026-11-26T12:00:00Z');

test('metrics and notes tell of each stream in each target, and no longer of one that is not named any more', async () => {
  await used.pool.query(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version, last_event)
      select 'acme', name, 'acme', name, 'merge', '', 50 from unnest(array['payments', 'refunds']) name`,
  );
  await noteApplied(used.pool, {
    ...place('payments'),
    table: 'one',
    cursor: 20,
    rows: 20,
    behindSince: '2026-11-26T11:58:00Z',
  });
  await noteTroubled(used.pool, { ...place('payments'), error: 'the disk is full' });
  await noteApplied(used.pool, { ...place('refunds'), table: 'one', cursor: 50, rows: 50, behindSince: null });
  // 20 events of a listing that has not ended.
  await used.pool.query(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version, last_event, swept)
      values ('acme', 'rates', 'acme', 'rates', 'replace', '', 50, 30)`,
  );
  await noteApplied(used.pool, { ...place('rates'), table: 'one', cursor: 30, rows: 30, behindSince: null });
  const first = [{ event: 7, path: 'text', reason: 'must be string' }];
  await noteUnfit(used.pool, { ...place('rates'), table: 'one', unfit: { count: 2, first, events: [7, 9] } });
  await noteUnfit(used.pool, { ...place('refunds'), table: 'beside', unfit: { count: 9, first, events: [7] } });
  await withFiles({ 'acme.yaml': acme('[lake]'), 'targets.yaml': lake, 'broken.yaml': 'name: other' }, async (dir) => {
    const told = new Map<string, unknown>();
    const metrics: Metrics = {
      ...noMetrics,
      targetObserved: (of, seen) => void told.set(`${of.target} ${of.stream}`, seen),
    };
    const streams = async (name: string) => compilePartner(await loadPartner(name, { dir, env: {} }), plainNames);
    const look = observeTargets({ dir, partners: { streams }, pool: used.pool, metrics, now: () => nowMs });

    const lags = await look();
    expect(Object.fromEntries(told)).toEqual({
      'lake payments': { behindEvents: 30, behindSecs: 120, failing: true, leftOutEvents: 0 },
      'lake refunds': { behindEvents: 0, behindSecs: 0, failing: false, leftOutEvents: 0 },
      'lake rates': { behindEvents: 0, behindSecs: 0, failing: false, leftOutEvents: 2 },
    });
    expect(targetNotes(lags)).toEqual(['target lake: loads of 1 stream fail; `syncline targets list` tells why']);

    await writeFile(join(dir, 'acme.yaml'), acme('[]'));
    expect(targetNotes(await look())).toEqual([]);
    expect(told.get('lake payments')).toEqual({ behindEvents: 0, behindSecs: 0, failing: false, leftOutEvents: 0 });
  });
});
