import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from 'pg';
import { parseDocument } from 'yaml';
import { canonicalJson } from '../core/canonical.ts';
import { MINUTE } from '../core/duration.ts';
import { sha128 } from '../core/page-key.ts';
import type { Simulator } from '../simulator/start.ts';
import { listTargetStates } from '../store/target-states.ts';
import { openDuckdb } from '../targets/duckdb/open-duckdb.ts';
import { loadDriver } from '../targets/duckdb/load-driver.ts';
import { demoPartners } from './demo-partner.ts';
import { demoStreams, type Proof } from './demo-proof.ts';

/** The name of the DuckDB file among the demo's targets. */
const LAKE = 'lake';
/** Of four tables with some thousand rows: beyond that something is wrong. */
const PATIENCE_MS = 2 * MINUTE;

export interface DemoPartners {
  /** The folder of definitions. */
  readonly dir: string;
  /** The DuckDB file; null: its driver is not installed. */
  readonly lake: string | null;
}

/** The demo's definition in a folder of its own, with a DuckDB file as a second target where that can be. */
export async function writeDemoPartners(home: string): Promise<DemoPartners> {
  const hasDriver = await loadDriver().then(
    () => true,
    () => false,
  );
  if (!hasDriver) return { dir: demoPartners, lake: null };
  const dir = join(home, 'partners');
  const lake = resolve(home, `${LAKE}.duckdb`);
  await mkdir(dir, { recursive: true });
  const definition = parseDocument(await readFile(join(demoPartners, 'demo.yaml'), 'utf8'));
  definition.set('targets', [LAKE]);
  await writeFile(join(dir, 'demo.yaml'), String(definition));
  const targets = { [LAKE]: { type: 'duckdb', path: lake, every: '1s' } };
  await writeFile(join(dir, 'targets.yaml'), JSON.stringify({ targets }));
  return { dir, lake };
}

/** Waits until each table of the file is up to the log; throws what its last load failed with when that takes too long. */
export async function awaitLake(pool: Pool): Promise<void> {
  const wanted = demoStreams.map((stream) => ({ target: LAKE, partner: 'demo', stream }));
  for (const giveUpAtMs = Date.now() + PATIENCE_MS; ; await sleep(200)) {
    const states = await listTargetStates(pool, { wanted });
    if (states.every((state) => state.cursor > 0 && state.behind === 0)) return;
    if (Date.now() > giveUpAtMs)
      throw new Error(
        `the DuckDB file is not up to the log: ${states.map(({ stream, behind, error }) => `${stream} ${error ?? `${behind} events behind`}`).join('; ')}`,
      );
  }
}

/** Every row of each table in the file, by the hash of the record that it holds, against what the simulator itself holds. */
export async function compareLake(path: string, simulator: Simulator): Promise<Proof[]> {
  const lake = await openDuckdb({ name: LAKE, path });
  try {
    const proofs: Proof[] = [];
    for (const stream of demoStreams) {
      const truth = simulator.truth(stream);
      const table = {
        schema: 'demo',
        table: stream,
        columns: [{ name: 'id', path: ['id'], type: 'text' }],
        keys: 1,
        rowPer: 'key',
      } as const;
      const heads = await lake.heads(
        table,
        truth.map((row) => [String(row['id'])]),
      );
      const different = truth.filter((row, i) => heads[i]?.hash !== sha128(canonicalJson(row))).length;
      let rows = 0;
      for await (const row of lake.rows(table)) rows += row.event > 0 ? 1 : 0;
      proofs.push({
        stream,
        'at the partner': truth.length,
        'in the warehouse': rows,
        different,
        proved: different === 0 && rows === truth.length ? 'yes' : 'NO',
      });
    }
    return proofs;
  } finally {
    await lake.close();
  }
}
