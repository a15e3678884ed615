/** The real terminal: standard streams, signals and the end of the process. Built only by cli/main.ts. */
import type { Terminal, TextOutput } from './host.ts';

export function createNodeTerminal(): Terminal {
  const closed = new Set<() => void>();
  return {
    stdout: createOutput(process.stdout, () => runAll(closed)),
    stderr: createOutput(process.stderr, () => undefined),
    canPrompt: process.stdin.isTTY === true && process.stderr.isTTY === true,
    prompt: { input: process.stdin, output: process.stderr },
    ask: askOnce,
    onResize: (callback) => subscribe(process.stderr, 'resize', callback),
    onSignal: (callback) => {
      const stops = (['SIGINT', 'SIGTERM'] as const).map((name) => subscribe(process, name, () => callback(name)));
      return () => runAll(stops);
    },
    onClosed: (callback) => {
      closed.add(callback);
      return () => void closed.delete(callback);
    },
    onFault: (callback) => subscribe(process, 'uncaughtException', callback),
    onExit: (callback) => subscribe(process, 'exit', callback),
    flush: async () => void (await Promise.all([process.stdout, process.stderr].map(drained))),
    exit: (code) => process.exit(code),
  };
}

/** A reader that went away (`| head`) is no failure of ours: writes are dropped from then on. */
function createOutput(stream: NodeJS.WriteStream, onClosed: () => void): TextOutput {
  let open = true;
  stream.on('error', () => {
    if (open) onClosed();
    open = false;
  });
  return {
    isTerminal: stream.isTTY === true,
    write: (text) => void (open && stream.write(text)),
    columns: () => stream.columns ?? 80,
    rows: () => stream.rows ?? 24,
  };
}

/** The callback of a write comes after all writes before it, also when they failed. */
const drained = (stream: NodeJS.WriteStream): Promise<void> => new Promise((resolve) => void stream.write('', () => resolve()));

/** readline turns Ctrl-C into an event of its own while it reads; it is handed on as the signal that it is. */
async function askOnce(question: string, signal: AbortSignal): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  try {
    const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
    return await Promise.race([lines.question(question, { signal }), ended]);
  } finally {
    lines.close();
  }
}

function subscribe(emitter: NodeJS.EventEmitter, event: string, callback: (value: unknown) => void): () => void {
  emitter.on(event, callback);
  return () => void emitter.off(event, callback);
}

function runAll(callbacks: Iterable<() => void>): void {
  for (const callback of callbacks) callback();
}
