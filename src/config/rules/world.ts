/** What references and paths lead to in this environment: variables, files, folders. Reads, and keeps nothing it read. */
import { resolve } from 'node:path';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { Unit } from '../document.ts';
import { followedStat, showPath } from '../files.ts';
import { followKubeconfigPath, readEnv, readReferencedFile, type Reference, refuseShort } from '../references.ts';
import { error, showField, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';
import type { FoundReference } from './outputs.ts';

export interface WorldCheck {
  readonly errors: readonly SlipwayError[];
  /** Warnings, as errors that nobody throws. */
  readonly warnings: readonly SlipwayError[];
}

export interface NamedFolder {
  readonly unit: Unit;
  readonly path: FieldPath;
  readonly folder: string;
}

/** Checks that each variable and file is there, and that each secret is usable. Outputs cannot be known before a run. */
export async function checkReferences(host: Host, references: readonly FoundReference[]): Promise<WorldCheck> {
  const checks = await Promise.all(references.map((found) => checkReference(host, found)));
  return { errors: checks.flatMap((check) => check.errors), warnings: checks.flatMap((check) => check.warnings) };
}

async function checkReference(host: Host, { reference, field }: FoundReference): Promise<WorldCheck> {
  if (!reference) return { errors: [], warnings: [] };
  try {
    const target = field.name === 'kubeconfig' ? followKubeconfigPath(host, reference) : reference;
    return { errors: [], warnings: await probe(host, target) };
  } catch (thrown) {
    if (!isSlipwayError(thrown)) throw thrown;
    return { errors: [thrown], warnings: [] };
  }
}

async function probe(host: Host, reference: Reference): Promise<readonly SlipwayError[]> {
  if (reference.kind === 'output') return [];
  if (reference.kind === 'env') {
    const text = readEnv(host, reference);
    if (reference.secret) refuseShort(reference, text);
    return [];
  }
  const { text, mode } = await readReferencedFile(host, reference);
  if (!reference.secret) return [];
  refuseShort(reference, text);
  if ((mode & 0o044) === 0) return [];
  const shown = showPath(host, reference.path);
  const message = `${shown}, which holds the secret for ${reference.field}, has mode ${mode.toString(8).padStart(4, '0')}: others can read it`;
  return [new SlipwayError('SLW-CFG-035', message, { at: reference.at, object: reference.subject, fix: `chmod 600 ${shown}` })];
}

/** Files or folders with the manifests of add-ons. */
export async function checkManifests(host: Host, units: readonly Unit[]): Promise<readonly SlipwayError[]> {
  const errors = await Promise.all(
    units.flatMap(findManifests).map(async ({ unit, path, folder }) => {
      const stat = await followedStat(host, folder);
      if (stat?.kind === 'dir' || stat?.kind === 'file') return [];
      return [error('SLW-CFG-053', `${showField(path)} is ${showPath(host, folder)}, which does not exist`, { context: unit, path })];
    }),
  );
  return errors.flat();
}

function findManifests(unit: Unit): readonly NamedFolder[] {
  const path = ['spec', 'capi', 'addons'];
  const addons = valueAt(unit.document.value, path);
  if (typeof addons !== 'object' || addons === null) return [];
  return Object.keys(addons).flatMap((name) => {
    const field = [...path, name, 'manifests'];
    const manifests = valueAt(unit.document.value, field);
    return typeof manifests === 'string' ? [{ unit, path: field, folder: resolve(unit.document.folder, manifests) }] : [];
  });
}

/** Repositories that are paths must be there. Whether they are repositories is for others to say. */
export async function checkFolders(host: Host, folders: readonly NamedFolder[]): Promise<readonly SlipwayError[]> {
  const errors = await Promise.all(
    folders.map(async ({ unit, path, folder }) => {
      const stat = await followedStat(host, folder);
      if (stat?.kind === 'dir') return [];
      const what = stat === undefined ? 'does not exist' : 'is no folder';
      return [error('SLW-CFG-041', `${showField(path)} is ${showPath(host, folder)}, which ${what}`, { context: unit, path })];
    }),
  );
  return errors.flat();
}
