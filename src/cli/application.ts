/** From argv to an invocation, a help text or a coded error. Runs nothing and loads no command. */
import { buildApplication, run } from '@stricli/core';
import { SlipwayError } from '../core/errors.ts';
import type { Invocation } from './context.ts';
import type { ParseContext } from './command.ts';
import { rootRoutes } from './routes.ts';
import { captureUsage } from './usage.ts';

export type Parsed =
  | { readonly kind: 'invocation'; readonly invocation: Invocation }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'error'; readonly error: unknown };

/** `columns` and colour play no part: help is the same text everywhere. */
export async function parseCommandLine(argv: readonly string[]): Promise<Parsed> {
  let help = '';
  const usage = captureUsage(() => commandOf(argv));
  const app = createApplication(usage.text);
  const sink = { write: () => undefined };
  const context: ParseContext & { process: { exitCode?: number | string | null } } = {
    process: { stdout: { write: (part: string) => void (help += part) }, stderr: sink },
    invocation: undefined,
  } as never;
  await run(app, argv, context);
  if (usage.error() !== undefined) return { kind: 'error', error: usage.error() };
  if (context.invocation) return { kind: 'invocation', invocation: context.invocation };
  if (help !== '') return { kind: 'help', text: help };
  return { kind: 'error', error: new SlipwayError('SLW-CLI-002', `the command line could not be read: ${argv.join(' ')}`) };
}

export function createApplication(text: ReturnType<typeof captureUsage>['text']) {
  return buildApplication<ParseContext>(rootRoutes, {
    name: 'slipway',
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: {
      caseStyle: 'convert-camel-to-kebab',
      useAliasInUsageLine: false,
      onlyRequiredInUsageLine: true,
      disableAnsiColor: true,
    },
    localization: { text },
  });
}

/** `slipway journal show` of what was typed, for hints. */
function commandOf(argv: readonly string[]): string {
  const words = argv.slice(
    0,
    argv.findIndex((word) => word.startsWith('-')) === -1
      ? 2
      : Math.min(
          2,
          argv.findIndex((word) => word.startsWith('-')),
        ),
  );
  const [first = '', second = ''] = words;
  return ['slipway', first, first === 'journal' || first === 'toolchain' ? second : ''].filter((word) => word !== '').join(' ');
}
