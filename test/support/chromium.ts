import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';
import { findOnPath } from '../../services/find-on-path.ts';

/** Where a Chromium is: CHROMIUM, or on the PATH. undefined: there is none, and what needs one is left out. */
export async function chromiumPath(): Promise<string | undefined> {
  const given = process.env['CHROMIUM'];
  if (given !== undefined && given !== '') return given;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome'])
    for (const file of await findOnPath(name, process.env['PATH'] ?? '')) return file;
  return undefined;
}

/** It opens our own pages only, so root may do without its sandbox. */
export const startChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({
    executablePath,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      ...['--disable-background-networking', '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
    ],
  });

const axe = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What is hard to use for some people, by axe: `color-contrast (3): <a href…`. `rules`: only those. */
export async function axeFinds(page: Page, rules?: readonly string[]): Promise<readonly string[]> {
  await page.evaluate(await axe);
  const options = rules === undefined ? {} : { runOnly: { type: 'rule', values: rules } };
  return page.evaluate(async (of) => {
    const { axe: tool } = globalThis as unknown as {
      readonly axe: {
        run(options: object): Promise<{
          readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
        }>;
      };
    };
    const { violations } = await tool.run(of);
    return violations.map(({ id, nodes }) => `${id} (${nodes.length}): ${nodes[0]?.html ?? ''}`);
  }, options);
}
