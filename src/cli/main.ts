/**
 * Composition root of the command line: the only place (with tests) that builds the real host. Keeps the way to `version` and
 * `--help` short: everything else is imported when it is needed.
 */
import { SLIPWAY_VERSION } from '../core/version.ts';

const argv = process.argv.slice(2);

if (argv.length === 1 && (argv[0] === 'version' || argv[0] === '--version')) {
  process.stdout.on('error', () => undefined);
  process.stdout.write(`slipway ${SLIPWAY_VERSION}\n`);
} else {
  await main();
}

async function main(): Promise<void> {
  const [{ createNodeTerminal }, { parseCommandLine }] = await Promise.all([
    import('../host/node-terminal.ts'),
    import('./application.ts'),
  ]);
  const terminal = createNodeTerminal();
  const parsed = await parseCommandLine(argv);
  if (parsed.kind === 'help') {
    terminal.stdout.write(parsed.text);
    return;
  }
  const [{ createNodeHost }, { Redactor }, session] = await Promise.all([
    import('../host/node.ts'),
    import('../core/redaction.ts'),
    import('./session.ts'),
  ]);
  const world = { host: createNodeHost(), terminal, redactor: new Redactor() };
  const exit =
    parsed.kind === 'error'
      ? session.failBeforeSession(parsed.error, session.guessFlags(argv), world)
      : await session.runInvocation(parsed.invocation, world);
  await terminal.flush();
  terminal.exit(exit);
}
