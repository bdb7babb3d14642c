import { ruleNames } from '../../alerts/catalog.ts';
import { explain } from '../../core/errors.ts';
import { noAlertSettings, type AlertSettings } from '../../definitions/alerts.ts';
import { loadAlerts } from '../../definitions/load-alerts.ts';
import { secretsOf } from '../../definitions/secrets.ts';

export interface ReadSettings {
  readonly settings: AlertSettings;
  /** Why those of before hold on: the file does not load. null: it does. */
  readonly trouble: string | null;
}

export interface SettingsAccess {
  /** As the file is now. One that does not load changes nothing: somebody has to be told, most of all of that. */
  read(): Promise<ReadSettings>;
}

export function alertSettings(of: {
  readonly dir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): SettingsAccess {
  const secrets = secretsOf(of.env);
  let last: AlertSettings = noAlertSettings;
  return {
    read: async () => {
      try {
        last = (await loadAlerts({ ...of, secrets }, ruleNames)).settings;
        return { settings: last, trouble: null };
      } catch (error) {
        return { settings: last, trouble: explain(error) };
      }
    },
  };
}
