/** How a command of the table is built: its flags are read, its module is named, nothing of it is loaded. */
import { buildCommand, type Command, type CommandContext } from '@stricli/core';
import type { Invocation, Session } from './context.ts';
import { type FlagSpecs, type GlobalFlags, text } from './flags.ts';

/** The parser's context: instead of running a command it notes what is to be run. */
export interface ParseContext extends CommandContext {
  invocation: Invocation | undefined;
}

interface ArgumentSpec {
  readonly name: string;
  readonly brief: string;
  readonly optional?: boolean;
}

interface CommandSpec<F extends GlobalFlags> {
  readonly brief: string;
  readonly description?: string;
  readonly flags: FlagSpecs<F>;
  readonly aliases: Readonly<Record<string, keyof F>>;
  readonly args?: readonly ArgumentSpec[];
  /** Instead of `args`: any number of one kind. */
  readonly anyArgs?: ArgumentSpec;
  /** The flags and arguments that the module takes are those declared here. */
  readonly load: () => Promise<{ readonly default: (session: Session, flags: F, args: never) => Promise<number> }>;
}

export function command<F extends GlobalFlags>(name: string, spec: CommandSpec<F>): Command<ParseContext> {
  const toParameter = (arg: ArgumentSpec) => ({
    placeholder: arg.name,
    brief: arg.brief,
    parse: text,
    ...(arg.optional === true && { optional: true }),
  });
  const positional = spec.anyArgs
    ? { kind: 'array', parameter: toParameter(spec.anyArgs) }
    : { kind: 'tuple', parameters: (spec.args ?? []).map(toParameter) };
  function note(this: ParseContext, flags: F, ...args: readonly string[]): void {
    this.invocation = { command: name, flags, run: async (session) => (await spec.load()).default(session, flags, args as never) };
  }
  const built = {
    docs: { brief: spec.brief, ...(spec.description !== undefined && { fullDescription: spec.description }) },
    parameters: { flags: spec.flags, aliases: spec.aliases, positional },
    loader: () => Promise.resolve(note),
  };
  return buildCommand<GlobalFlags, readonly string[], ParseContext>(built as never);
}
