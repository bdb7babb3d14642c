import type { Argument, Command, Option } from 'commander';

/** A command as help and completions know it. */
export interface CommandNode {
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly required: boolean; readonly variadic: boolean }[];
  readonly options: readonly {
    readonly flags: string;
    readonly long: string;
    readonly description: string;
    readonly takesValue: boolean;
  }[];
  readonly commands: readonly CommandNode[];
}

/** Commander's own data; hidden commands and options are left out. */
export function treeOf(command: Command): CommandNode {
  const help = command.createHelp();
  return {
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument: Argument) => ({
      name: argument.name(),
      required: argument.required,
      variadic: argument.variadic,
    })),
    options: help.visibleOptions(command).map((option: Option) => ({
      flags: option.flags,
      long: option.long ?? option.flags,
      description: option.description,
      takesValue: option.required || option.optional,
    })),
    commands: help
      .visibleCommands(command)
      .filter((each) => each.name() !== 'help')
      .map(treeOf),
  };
}
