import { extname } from 'node:path';

/** How a person calls a command here: an installed package through npx, a checkout through npm's scripts. */
export const called = (command: string): string =>
  extname(import.meta.url) === '.js' ? `npx syncline ${command}` : `npm run syncline -- ${command}`;
