#!/usr/bin/env node
// In a checkout the TypeScript sources run as they are (Node 22.18 and newer) or through tsx; an installed package has dist/.
import { existsSync } from 'node:fs';

const source = new URL('../cli/main.ts', import.meta.url);
if (existsSync(source)) {
  if (!process.features.typescript) {
    const { register } = await import('tsx/esm/api');
    register();
  }
  await import(source.href);
} else {
  await import('../dist/cli/main.js');
}
