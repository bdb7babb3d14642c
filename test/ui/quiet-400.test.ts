import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseHTML } from 'linkedom';
import type { StreamInput } from '../../definitions/definition.ts';
import type { UiServer } from '../../ui/server.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';
import { serveUi } from './serve-ui.ts';
import { long } from '../support/long.ts';

let partners: OwnPartners;
let ui: UiServer;
beforeAll(async () => {
  partners = await ownPartners();
  ui = await serveUi({ pool: partners.pool, partnersDir: partners.folder });
});
afterAll(async () => {
  await ui?.close();
  await partners?.close();
});

const text = { type: 'string' };
const list = (path: string): StreamInput => ({
  path,
  primaryKey: ['id'],
  freshness: '26h',
  schema: { type: 'object', required: ['id'], properties: { id: text } },
});
const accounts = Array.from({ length: 20 }, (_, n) => ({ id: `a${n}` }));
const others = Array.from({ length: 10 }, (_, n) => `list${n}`);

/** The rows of what is late or wrong: where, what, why, since, what to do. */
async function troubles(): Promise<readonly (readonly string[])[]> {
  const { document } = parseHTML(await (await fetch(ui.url)).text());
  return [...document.querySelectorAll('#troubles tbody tr')].map((row) =>
    [...row.querySelectorAll('th, td')].map((cell) => (cell.textContent ?? '').replaceAll(/\s+/g, ' ').trim()),
  );
}

/** In the short form test/alerts/quiet-400 looks at the page, too. */
const scenario = long ? test : test.skip;
scenario(
  'one stream of twelve that begins to answer 400 for one parent in ten is on the page after one run: what, why, since when, what to do',
  async () => {
    let isQuiet = false;
    const partner = await partners.partner(
      ({ pathname }) => {
        const [, of = '', id = ''] = pathname.split('/');
        if (of === 'statements')
          return isQuiet && /^a1?0$/.test(id) ? { status: 400, body: { error: 'no' } } : { body: [{ id }] };
        return { body: of === 'accounts' ? accounts : [{ id: of }] };
      },
      {
        accounts: list('/accounts'),
        statements: { ...list('/statements/{parent.id}'), parent: { stream: 'accounts', field: 'id' } },
        ...Object.fromEntries(others.map((name) => [name, list(`/${name}`)])),
      },
    );
    const night = async (window: string): Promise<readonly (string | null)[]> => {
      const outcomes: (string | null)[] = [];
      for (const stream of ['accounts', 'statements', ...others])
        outcomes.push((await partner.read(stream, { window })).outcome);
      return outcomes;
    };
    expect(await night('2026-11-23')).toEqual(Array(12).fill('ok'));
    expect(await troubles()).toEqual([]);

    isQuiet = true;
    expect((await night('2026-11-24')).filter((outcome) => outcome !== 'ok')).toEqual(['suspect']);
    // What all readers share for a second is of before.
    const [[where, what, why, since, todo] = [], ...more] = await eventuallyTold();
    expect(more).toEqual([]);
    expect([where, what]).toEqual([
      `suspect ${partner.name} / statements`,
      'What the last run brought may not be complete or true (run)',
    ]);
    expect(why).toMatch(/^the calls of 2 parents were refused and skipped, the first: .*answered 400/);
    expect(since).toMatch(/UTC just now$/);
    expect(todo).toMatch(
      /^Look at the calls that the partner refused, remove the cause, and read it again\. ?syncline /,
    );
  },
);

async function eventuallyTold(): Promise<readonly (readonly string[])[]> {
  for (;;) {
    const found = await troubles();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
