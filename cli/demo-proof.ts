import type { Pool } from 'pg';
import { canonicalJson } from '../core/canonical.ts';
import { parseJson } from '../core/json.ts';
import type { Simulator } from '../simulator/start.ts';

export const demoStreams = ['payments', 'customers', 'refunds', 'events'] as const;

export interface Proof {
  readonly stream: string;
  readonly 'at the partner': number;
  readonly 'in the warehouse': number;
  readonly different: number;
  readonly proved: 'yes' | 'NO';
  readonly [column: string]: unknown;
}

/** Every row of each target, with the payload it came from, against what the simulator itself holds. */
export async function compareWithPartner(pool: Pool, simulator: Simulator): Promise<Proof[]> {
  const proofs: Proof[] = [];
  for (const stream of demoStreams) {
    const truth = new Map(simulator.truth(stream).map((row) => [String(row['id']), canonicalJson(row)]));
    const { rows } = await pool.query<{ id: string; payload: string }>(
      `select t.id, e.payload::text as payload from demo.${stream} t
        join events e on e.event = t._event and e.stream_id =
          (select stream_id from streams where partner = 'demo' and name = $1)`,
      [stream],
    );
    const different = rows.filter((row) => truth.get(row.id) !== canonicalJson(parseJson(row.payload))).length;
    proofs.push({
      stream,
      'at the partner': truth.size,
      'in the warehouse': rows.length,
      different,
      proved: different === 0 && rows.length === truth.size ? 'yes' : 'NO',
    });
  }
  return proofs;
}
