#!/usr/bin/env node
// In a checkout the TypeScript sources run as they are (Node 22.18 and newer) or through tsx; an installed package has dist/.
import { existsSync } from 'node:fs';
import module from 'node:module';

// A fifth less CPU for a command that is called again (Node 22.1 and newer); where it cannot write it does nothing.
module.enableCompileCache?.();

const source = new URL('../cli/main.ts', import.meta.url);
if (existsSync(source)) {
  if (!process.features.typescript) {
    (await import('tsx/esm/api')).register();
    // For definitions that no package.json calls modules.
    (await import('tsx/cjs/api')).register();
  }
  await import(source.href);
} else {
  await import('../dist/cli/main.js');
}
