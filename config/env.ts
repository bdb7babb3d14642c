import { readConfig, type Config } from './config.ts';

/** The configuration of this process. The only place that reads its environment. */
export const processConfig = (): Config => readConfig(process.env);
