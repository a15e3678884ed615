/** A terminal of strings, and the world around it, for tests of the command line. */
import { Redactor } from '../core/redaction.ts';
import type { Clock, Host, Terminal, TextOutput } from '../host/host.ts';
import type { World } from './world.ts';

export interface FakeOptions {
  readonly isTerminal?: boolean;
  readonly canPrompt?: boolean;
  /** What the person types, in order. */
  readonly answers?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
}

export interface FakeWorld extends World {
  readonly text: { stdout: string; stderr: string };
  readonly questions: string[];
  send(name: 'SIGINT' | 'SIGTERM'): void;
  closeStdout(): void;
  /** Something was thrown that nobody waited for. */
  fault(error: unknown): void;
  /** Lets time pass: everything that waits on `clock.every` is called as often as it asked. */
  pass(ms: number): void;
}

export class ProcessExit extends Error {
  readonly code: number;
  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}

export function createFakeWorld(options: FakeOptions = {}): FakeWorld {
  const text = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr'): TextOutput => ({
    isTerminal: options.isTerminal ?? false,
    write: (part) => void (text[name] += part),
    columns: () => options.columns ?? 80,
    rows: () => 24,
  });
  const signals = new Set<(name: 'SIGINT' | 'SIGTERM') => void>();
  const closed = new Set<() => void>();
  const faults = new Set<(error: unknown) => void>();
  const answers = [...(options.answers ?? [])];
  const questions: string[] = [];
  const terminal: Terminal = {
    stdout: output('stdout'),
    stderr: output('stderr'),
    canPrompt: options.canPrompt ?? false,
    prompt: {} as Terminal['prompt'],
    ask: (question) => (questions.push(question), Promise.resolve(answers.shift())),
    onResize: () => () => undefined,
    onSignal: subscribe(signals),
    onClosed: subscribe(closed),
    onFault: subscribe(faults),
    onExit: () => () => undefined,
    flush: () => Promise.resolve(),
    exit: (code) => {
      throw new ProcessExit(code);
    },
  };
  const { clock, pass } = createFakeClock();
  const host = { clock, env: { get: (name: string) => options.env?.[name], cwd: '/work', home: '/home/me' } } as unknown as Host;
  return {
    host,
    terminal,
    redactor: new Redactor(),
    text,
    questions,
    send: (name) => signals.forEach((callback) => callback(name)),
    closeStdout: () => closed.forEach((callback) => callback()),
    fault: (error) => faults.forEach((callback) => callback(error)),
    pass,
  };
}

function createFakeClock(): { readonly clock: Clock; pass(ms: number): void } {
  const timers = new Set<{ readonly ms: number; readonly callback: () => void; next: number }>();
  let now = 0;
  const clock: Clock = {
    now: () => Date.UTC(2026, 0, 1) + now,
    monotonic: () => now,
    sleep: () => Promise.resolve(),
    every: (ms, callback) => {
      const timer = { ms, callback, next: now + ms };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    timeout: () => new AbortController().signal,
  };
  const pass = (ms: number): void => {
    for (const end = now + ms; now < end; now += 100) {
      for (const timer of timers) {
        if (timer.next > now) continue;
        timer.next += timer.ms;
        timer.callback();
      }
    }
  };
  return { clock, pass };
}

function subscribe<C>(callbacks: Set<C>): (callback: C) => () => void {
  return (callback) => {
    callbacks.add(callback);
    return () => void callbacks.delete(callback);
  };
}
