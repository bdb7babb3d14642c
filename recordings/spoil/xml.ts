import { SaxesParser } from 'saxes';
import {
  beginningOf,
  LIE,
  NEW_FIELD,
  recordSpoils,
  type ChangeRecords,
  type Spoil,
  type Spoiler,
} from './spoil-records.ts';

/** `records`: the names of the elements from the root to a record, `*` for any. `total`: the path of a number of records. */
export function xmlSpoiler(records: readonly string[], total: string | undefined): Spoiler {
  const changed: ChangeRecords<string> = (text, change) => {
    const found = elementsAt(text, records);
    const [first, last] = [found[0], found.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    const others = change(found.map(({ from, to }) => text.slice(from, to)));
    return others === undefined ? undefined : text.slice(0, first.from) + others.join('') + text.slice(last.to);
  };
  return {
    ...recordSpoils(changed, (record) => `<${nameOf(record)}>no record</${nameOf(record)}>`),
    field: (text) => changed(text, (all) => all.map((record) => record.replace(/^<[^\s/>]+/, `$& ${NEW_FIELD}="new"`))),
    total: (text) => (total === undefined ? undefined : withTotal(text, total.split('.'))),
    garbage: half,
  };
}

const nameOf = (record: string): string => /^<([^\s/>]+)/.exec(record)?.[1] ?? '';

interface Place {
  readonly from: number;
  readonly to: number;
}

/** Where the elements at a path stand; none where the text is no XML. */
function elementsAt(text: string, path: readonly string[]): readonly Place[] {
  const parser = new SaxesParser({ xmlns: false, position: true });
  const open: { readonly name: string; readonly from: number }[] = [];
  const found: Place[] = [];
  let isBroken = false;
  parser.on('error', () => {
    isBroken = true;
  });
  parser.on('opentag', ({ name }) => {
    open.push({ name, from: text.lastIndexOf('<', parser.position - 1) });
  });
  parser.on('closetag', () => {
    const isOne = open.length === path.length && open.every(({ name }, i) => path[i] === '*' || path[i] === name);
    const from = open.pop()?.from;
    if (isOne && from !== undefined) found.push({ from, to: parser.position });
  });
  parser.write(text).close();
  return isBroken ? [] : found;
}

function withTotal(text: string, path: readonly string[]): string | undefined {
  const [place] = elementsAt(text, path);
  const element = place === undefined ? '' : text.slice(place.from, place.to);
  const [, open = '', number = '', close = ''] = /^(<[^>]*>\s*)(\d{1,15})(\s*<\/[^>]*>)$/.exec(element) ?? [];
  if (place === undefined || number === '') return undefined;
  return `${text.slice(0, place.from)}${open}${Number(number) + LIE}${close}${text.slice(place.to)}`;
}

/** Its root is not closed there. */
const half: Spoil = (text) => {
  const end = Math.max(text.lastIndexOf('</'), text.lastIndexOf('/>'));
  return end < 1 ? undefined : beginningOf(text, Math.min(end, Math.floor(text.length / 2)));
};
