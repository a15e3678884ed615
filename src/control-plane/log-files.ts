/** Component logs: bounded reading from the end, following, and rotation by copy and truncate (writers hold them open with O_APPEND). */
import { basename, dirname, join } from 'node:path';
import type { Host } from '../host/host.ts';

const CHUNK_BYTES = 64 * 1024;

export interface TailOptions {
  readonly lines: number;
  /** Nothing before this byte is read. */
  readonly from?: number;
}

/** The last lines of a log; empty when there is none. Reads at most 64 KiB. */
export async function readLogTail(host: Host, path: string, options: TailOptions): Promise<readonly string[]> {
  const size = (await host.files.stat(path))?.size ?? 0;
  const begin = Math.max(Math.min(options.from ?? 0, size), size - CHUNK_BYTES);
  if (size <= begin) return [];
  const text = Buffer.from(await host.files.readRange(path, begin, size - begin)).toString('utf8');
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.slice(-options.lines);
}

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Lines from the end to begin with. */
  readonly lines?: number;
  readonly pollMs?: number;
}

/** Lines as they come, for ever, across rotation and a file that does not exist yet; ends (without an error) with the signal. */
export async function* followLog(host: Host, path: string, options: FollowOptions): AsyncGenerator<string> {
  const size = (await host.files.stat(path))?.size ?? 0;
  yield* await readLogTail(host, path, { lines: options.lines ?? 0 });
  const place: Place = { offset: size, rest: '' };
  while (!options.signal.aborted) {
    const lines = await readOn(host, path, place);
    if (lines) yield* lines;
    else if (!(await paused(host, options))) return;
  }
}

interface Place {
  offset: number;
  /** The beginning of a line whose end is not written yet. */
  rest: string;
}

/** The next whole lines; undefined when nothing was added. A file that became shorter was rotated: it is read from its beginning. */
async function readOn(host: Host, path: string, place: Place): Promise<readonly string[] | undefined> {
  const size = (await host.files.stat(path))?.size ?? 0;
  if (size < place.offset) Object.assign(place, { offset: 0, rest: '' });
  if (size <= place.offset) return undefined;
  const bytes = await host.files.readRange(path, place.offset, Math.min(size - place.offset, CHUNK_BYTES));
  const lines = (place.rest + Buffer.from(bytes).toString('utf8')).split('\n');
  place.offset += bytes.length;
  place.rest = lines.pop() ?? '';
  return lines;
}

async function paused(host: Host, options: FollowOptions): Promise<boolean> {
  try {
    await host.clock.sleep(options.pollMs ?? 200, options.signal);
    return true;
  } catch {
    return false;
  }
}

export interface RotationLimits {
  readonly maxBytes: number;
  /** Older copies kept: `NAME.1` is the youngest. */
  readonly keep: number;
}

export const defaultRotation: RotationLimits = { maxBytes: 10 * 1024 * 1024, keep: 3 };

/** Rotates every `*.log` of the folder that is too big. What a writer adds between copy and truncate may be lost: a few lines at most. */
export async function rotateLogs(host: Host, folder: string, limits: RotationLimits = defaultRotation): Promise<readonly string[]> {
  const rotated: string[] = [];
  for (const name of await host.files.list(folder)) {
    const path = join(folder, name);
    if (!name.endsWith('.log') || ((await host.files.stat(path))?.size ?? 0) <= limits.maxBytes) continue;
    await rotate(host, path, limits.keep);
    rotated.push(name);
  }
  return rotated;
}

async function rotate(host: Host, path: string, keep: number): Promise<void> {
  const copy = (n: number): string => join(dirname(path), `${basename(path)}.${n}`);
  for (let n = keep - 1; n >= 1; n--) {
    if (await host.files.stat(copy(n))) await host.files.rename(copy(n), copy(n + 1));
  }
  await host.files.copy(path, copy(1));
  await host.files.chmod(copy(1), 0o600);
  await host.files.truncate(path);
}
