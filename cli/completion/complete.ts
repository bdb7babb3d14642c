import type { CommandNode } from './tree.ts';

/** What may stand for a word that is typed just now. */
export interface Candidate {
  readonly word: string;
  readonly description: string;
}

/** Names that only the definitions know. */
export interface Names {
  readonly partners: () => Promise<readonly string[]>;
  readonly streams: (partner: string) => Promise<readonly string[]>;
}

/**
 * The words that may follow. `words` are those behind `syncline`, the last one as far as it is typed (empty after a space). Nothing is
 * offered where a value is wanted that nobody knows.
 */
export async function complete(
  root: CommandNode,
  words: readonly string[],
  names: Names,
): Promise<readonly Candidate[]> {
  const typed = words.at(-1) ?? '';
  const { node, values, pending } = walk(root, words.slice(0, -1));
  const offered = pending !== undefined ? await valuesOf(pending, names) : await next(node, { typed, values, names });
  return offered.filter(({ word }) => word.startsWith(typed));
}

interface Place {
  readonly node: CommandNode;
  /** Of the node's arguments, those that are there. */
  readonly values: readonly string[];
  /** The option whose value comes now. */
  readonly pending: string | undefined;
}

function walk(root: CommandNode, words: readonly string[]): Place {
  let node = root;
  let values: string[] = [];
  let pending: string | undefined;
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const option = node.options.find(({ long }) => long === word);
      if (option?.takesValue === true) pending = option.long;
      continue;
    }
    const below = values.length === 0 ? node.commands.find(({ name }) => name === word) : undefined;
    if (below === undefined) values.push(word);
    else [node, values] = [below, []];
  }
  return { node, values, pending };
}

async function next(
  node: CommandNode,
  { typed, values, names }: { readonly typed: string; readonly values: readonly string[]; readonly names: Names },
): Promise<readonly Candidate[]> {
  if (typed.startsWith('-')) return node.options.map(({ long, description }) => ({ word: long, description }));
  if (node.commands.length > 0 && values.length === 0)
    return node.commands.map(({ name, description }) => ({ word: name, description }));
  const argument = node.arguments[values.length] ?? node.arguments.findLast(({ variadic }) => variadic);
  if (argument === undefined) return [];
  if (argument.name === 'stream' || argument.name === 'streams') return plain(await names.streams(values[0] ?? ''));
  return namesPartner(node, argument.name) ? plain(await names.partners()) : [];
}

/** `partners check <name>` names one too. */
const namesPartner = (node: CommandNode, argument: string): boolean =>
  argument === 'partner' ||
  (argument === 'name' && ['check', 'pause', 'resume'].includes(node.name)) ||
  argument === 'names';

const valuesOf = async (option: string, names: Names): Promise<readonly Candidate[]> =>
  option === '--partner' ? plain(await names.partners()) : [];

const plain = (words: readonly string[]): readonly Candidate[] => words.map((word) => ({ word, description: '' }));
