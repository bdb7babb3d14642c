import type { Command } from 'commander';
import { InvalidInput } from '../../core/errors.ts';
import { listPartners, loadPartner } from '../../definitions/load.ts';
import type { CommandContext } from '../command.ts';
import { complete } from '../completion/complete.ts';
import { completionScript, shells } from '../completion/scripts.ts';
import { treeOf } from '../completion/tree.ts';
import { exitCodes } from '../exit.ts';

/** Prints what a shell needs; with --json all commands, for other shells and tools. */
export async function completion({
  output,
  program,
  shell,
}: CommandContext & { readonly program: Command; readonly shell: string | undefined }): Promise<number> {
  const known = shells.find((each) => each === shell);
  if (shell !== undefined && known === undefined)
    throw new InvalidInput(`shell: expected ${shells.join(', ')}, found ${JSON.stringify(shell)}`);
  output.json(treeOf(program));
  if (known === undefined)
    output.say(
      `Name your shell, and put what is printed where it looks for completions:
  bash  syncline completion bash >> ~/.bashrc
  zsh   syncline completion zsh > "\${fpath[1]}/_syncline"
  fish  syncline completion fish > ~/.config/fish/completions/syncline.fish`,
    );
  else output.say(completionScript(known).trimEnd());
  return exitCodes.ok;
}

/** Asked by the scripts of the shells: a word per line, a space and what it means behind it. */
export async function completeWords({
  config,
  output,
  program,
  words,
}: CommandContext & { readonly program: Command; readonly words: readonly string[] }): Promise<number> {
  const from = { dir: config.partnersDir, env: config.env, forgiveMissing: true };
  const found = await complete(treeOf(program), words, {
    partners: () => listPartners(from.dir).catch(() => []),
    streams: (partner) =>
      loadPartner(partner, from).then(
        ({ streams }) => Object.keys(streams),
        () => [],
      ),
  });
  output.json(found);
  for (const { word, description } of found) output.say(description === '' ? word : `${word} ${description}`);
  return exitCodes.ok;
}
