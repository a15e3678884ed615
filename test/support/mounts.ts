/** Small file systems of a test's own; only where the user may mount. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const mount = (...args: readonly string[]): boolean => spawnSync('mount', [...args]).status === 0;

/** Why nothing can be mounted here, or undefined. */
export function whyNoMounts(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-mount-'));
  const works = mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir);
  if (works) unmount(dir);
  rmSync(dir, { recursive: true, force: true });
  return works ? undefined : 'mount(8) is not permitted here';
}

export function mountSmallDisk(dir: string, size: string): void {
  mkdirSync(dir, { recursive: true });
  if (!mount('-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', dir)) throw new Error(`cannot mount a tmpfs on ${dir}`);
}

export function resizeDisk(dir: string, size: string): void {
  if (!mount('-o', `remount,size=${size}`, dir)) throw new Error(`cannot resize ${dir}`);
}

/** The folder itself, read-only from now on until it is unmounted. */
export function mountReadOnly(dir: string): void {
  if (!mount('--bind', dir, dir) || !mount('-o', 'remount,ro,bind', dir)) throw new Error(`cannot mount ${dir} read-only`);
}

export function unmount(dir: string): void {
  spawnSync('umount', ['-l', dir]);
}
