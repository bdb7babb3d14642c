import type { Pool } from 'pg';
import type { Log } from '../../http/log.ts';
import type { Names } from '../../messages/names.ts';
import type { Partners } from '../access.ts';
import type { SettingsAccess } from './settings.ts';

/** What looking for alerts and telling of them needs. */
export interface AlertsDeps {
  readonly pool: Pool;
  readonly names: Names;
  readonly partnersDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly partners: Pick<Partners, 'streams'>;
  readonly settings: SettingsAccess;
  readonly log: Log;
  readonly now: () => number;
}
