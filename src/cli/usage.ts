/** What the parser could not read, as coded errors with a did-you-mean; the parser's own words and codes stay inside. */
import {
  type AliasNotFoundError,
  type ApplicationText,
  type ArgumentParseError,
  ArgumentScannerError,
  EnumValidationError,
  FlagNotFoundError,
  formatMessageForArgumentScannerError,
  text_en,
  type UnexpectedPositionalError,
  type UnsatisfiedFlagError,
  type UnsatisfiedPositionalError,
} from '@stricli/core';
import { SlipwayError } from '../core/errors.ts';
import { closest } from '../core/ids.ts';

export interface UsageCapture {
  /** Texts for the parser; each remembers what went wrong. */
  readonly text: ApplicationText;
  /** The first thing that went wrong. */
  error(): unknown;
}

export function captureUsage(command: () => string): UsageCapture {
  let first: unknown;
  const keep = (error: unknown): string => {
    first ??= error;
    return '';
  };
  const text: ApplicationText = {
    ...text_en,
    noCommandRegisteredForInput: ({ input, corrections }) => keep(unknownCommand(input, corrections)),
    exceptionWhileParsingArguments: (thrown) => keep(thrown instanceof ArgumentScannerError ? wrongArguments(thrown, command()) : thrown),
    exceptionWhileLoadingCommandFunction: keep,
    exceptionWhileLoadingCommandContext: keep,
    exceptionWhileRunningCommand: keep,
    commandErrorResult: keep,
  };
  return { text, error: () => first };
}

function unknownCommand(input: string, corrections: readonly string[]): SlipwayError {
  const names = corrections.filter((name) => !name.startsWith('--'));
  return new SlipwayError(
    'SLW-CLI-001',
    `there is no command "${input}"`,
    names.length > 0 ? { fix: `did you mean ${names.join(' or ')}?` } : {},
  );
}

function wrongArguments(thrown: ArgumentScannerError, command: string): SlipwayError {
  const message = formatMessageForArgumentScannerError(thrown, {
    FlagNotFoundError: (error: FlagNotFoundError) => `there is no flag --${error.input.replace(/^-+/, '')}`,
    AliasNotFoundError: (error: AliasNotFoundError) => `there is no flag -${error.input}`,
    ArgumentParseError: (error: ArgumentParseError) =>
      `${flagName(error.externalFlagNameOrPlaceholder)}: ${error.exception instanceof Error ? error.exception.message : String(error.exception)}`,
    EnumValidationError: (error: EnumValidationError) =>
      `${flagName(error.externalFlagName)}: "${error.input}" is none of ${error.values.join(', ')}`,
    UnexpectedPositionalError: (error: UnexpectedPositionalError) => `"${error.input}" is one argument too many`,
    UnsatisfiedFlagError: (error: UnsatisfiedFlagError) => `${flagName(error.externalFlagName)} needs a value`,
    UnsatisfiedPositionalError: (error: UnsatisfiedPositionalError) => `the argument ${error.placeholder.toUpperCase()} is missing`,
  });
  const corrections = correctionsFor(thrown);
  const fix = corrections.length > 0 ? `did you mean ${corrections.join(' or ')}?` : `see ${command} --help`;
  return new SlipwayError('SLW-CLI-002', message.charAt(0).toLowerCase() + message.slice(1), { fix });
}

function flagName(name: string): string {
  return /^[a-z][a-zA-Z-]*$/.test(name) ? `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}` : name;
}

/** As they are documented, and only what may have been meant: the parser's own distance finds `--no-color` for `--only`. */
function flagsNear({ input, corrections }: FlagNotFoundError): readonly string[] {
  const near = closest(flagName(input.replace(/^-+/, '')), corrections.map(flagName));
  return near === undefined ? [] : [near];
}

function correctionsFor(thrown: ArgumentScannerError): readonly string[] {
  if (thrown instanceof FlagNotFoundError) return flagsNear(thrown);
  const near = thrown instanceof EnumValidationError ? closest(thrown.input, thrown.values) : undefined;
  return near === undefined ? [] : [near];
}
