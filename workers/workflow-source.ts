import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WorkflowBundleOption } from '@temporalio/worker';
import { SEALS_FAILURES } from '../messages/seals-failures.ts';
import { TRACES } from '../messages/traces.ts';

const require = createRequire(import.meta.url);
const OTEL_INTERCEPTORS = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors';

export type WorkflowSource =
  | { readonly workflowsPath: string; readonly interceptors?: { readonly workflowModules: string[] } }
  | { readonly workflowBundle: WorkflowBundleOption };

/**
 * What `Worker.create` takes its workflows from: the bundle when there is one, else the sources (slower to start).
 * `sealed`: messages of the failures that workflows make are sealed too; from sources the data converter sees to it. `traced`: workflows are traced.
 */
export function workflowSource({
  bundlePath = builtBundle(),
  sealed = false,
  traced = false,
}: {
  readonly bundlePath?: string | undefined;
  readonly sealed?: boolean;
  readonly traced?: boolean;
} = {}): WorkflowSource {
  if (!existsSync(bundlePath))
    return {
      workflowsPath: workflowsPath(),
      ...(traced ? { interceptors: { workflowModules: [require.resolve(OTEL_INTERCEPTORS)] } } : {}),
    };
  const globals = [...(sealed ? [SEALS_FAILURES] : []), ...(traced ? [TRACES] : [])];
  if (globals.length === 0) return { workflowBundle: { codePath: bundlePath } };
  // On the first line, not before it: the source map goes on to fit.
  const said = globals.map((name) => `globalThis.${name} = true; `).join('');
  return { workflowBundle: { code: `${said}${readFileSync(bundlePath, 'utf8')}` } };
}

/** `npm run build` puts it beside the compiled sources. */
export const builtBundle = (): string => fileURLToPath(new URL('../workflow-bundle.js', import.meta.url));

export const workflowsPath = (): string => inWorkflows('index');
/** In every bundle; does nothing unless the worker says so. */
export const tracedPath = (): string => fileURLToPath(new URL('../workflows/traced.cjs', import.meta.url));
export const failureConverterPath = (): string => inWorkflows('failure-converter');

/** `.ts` under tsx, `.js` in dist: the file beside us has our own ending. */
const inWorkflows = (name: string): string =>
  fileURLToPath(new URL(`../workflows/${name}${extname(import.meta.url)}`, import.meta.url));
