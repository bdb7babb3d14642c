import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';

/** The pages are those of docs/, as GitHub shows them; nothing is written twice. */
const groups: Readonly<Record<string, readonly string[]>> = {
  Begin: ['trusted-night', 'first-partner', 'examples', 'package', 'simulator'],
  'For teams': ['checklist', 'build-or-buy', 'webhooks-or-polling', 'consistency', 'war-stories'],
  'Describe a partner': [
    'definitions',
    'auth',
    'requests',
    'answers',
    'endings',
    'nested',
    'times',
    'jobs',
    'sources',
    'checking',
    'api-versions',
    'transforms',
    'schema-changes',
  ],
  'Read it': [
    'schedules',
    'backfills',
    'polling',
    'limits',
    'limits-governor',
    'limits-profiles',
    'http',
    'outages',
    'control',
    'janitor',
    'durability',
    'soak',
  ],
  'Take in pushes': ['push', 'webhooks', 'sending', 'callers', 'inbound-limits', 'ingest-problems'],
  Tables: [
    'landing',
    'versions',
    'deletes',
    'waiting',
    'history',
    'ledgers',
    'freshness',
    'trace',
    'undo',
    'reconcile',
    'golden-records',
    'resent-records',
    'rebuild',
    'retention',
    'erasure',
  ],
  Targets: ['targets', 'duckdb', 'targets-matrix', 'target-loads', 'target-checks'],
  'See and hear': ['status-page', 'alerts', 'inspect', 'calls', 'partner-report', 'metrics', 'tracing'],
  'Run it': [
    'services',
    'deployment',
    'workers',
    'secrets',
    'environments',
    'backup',
    'temporal-cloud',
    'speed',
    'scale',
    'architecture',
  ],
};

export default defineConfig({
  title: 'Syncline',
  description: 'Partner-to-warehouse syncs on Temporal: nothing lost, nothing doubled, no partner flooded',
  srcDir: '../docs',
  outDir: './dist',
  cacheDir: './.cache',
  // The first page is the guide; docs/ has no index of its own.
  rewrites: { 'trusted-night.md': 'index.md' },
  // Links to files of the repository; those between pages are checked by the build and by test/docs/guides.test.ts.
  ignoreDeadLinks: [/\.\.\//],
  vite: {
    publicDir: false,
    // The pages lie outside of this folder, where no node_modules is above them.
    resolve: {
      alias: {
        'vue/server-renderer': fileURLToPath(import.meta.resolve('vue/server-renderer')),
        vue: fileURLToPath(import.meta.resolve('vue/dist/vue.runtime.esm-bundler.js')),
      },
    },
  },
  markdown: {
    config: (md) => {
      const { text, code_inline: code } = md.renderer.rules;
      md.renderer.rules.text = (...args) => plain(text?.(...args) ?? '');
      md.renderer.rules.code_inline = (...args) => plain(code?.(...args) ?? '');
    },
  },
  themeConfig: {
    outline: [2, 3],
    search: { provider: 'local' },
    sidebar: Object.entries(groups).map(([text, pages]) => ({
      text,
      collapsed: text !== 'Begin',
      items: pages.map((page) => ({
        text: page.replaceAll('-', ' '),
        link: page === 'trusted-night' ? '/' : `/${page}`,
      })),
    })),
  },
});

/** Braces of definitions are text, not templates of Vue. */
function plain(html: string): string {
  return html.replaceAll('{{', '&#123;&#123;');
}
