import { readConfig, type Config } from './config.ts';

/** The environment of this process: nothing else reads it. */
export const processEnvironment = (): Readonly<Record<string, string | undefined>> => process.env;

export const processConfig = (): Config => readConfig(processEnvironment());
