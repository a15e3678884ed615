/**
 * Values that come from elsewhere: `{env}`, `{file}`, `{output}`. Resolved as late as possible, one at a time; what goes
 * into a secret field is registered for redaction before anybody sees it. Never put a resolved value into an error.
 */
import { resolve } from 'node:path';
import { SlipwayError, type SourcePosition } from '../core/errors.ts';
import { MIN_SECRET_LENGTH, type Redactor } from '../core/redaction.ts';
import type { Host } from '../host/host.ts';
import { followedStat, showPath } from './files.ts';
import { isEnvironmentName, type ReferenceSpec, type ValueSpec } from './kinds/vocabulary.ts';
import type { SourceDocument, FieldPath } from './source.ts';
import { showField } from './shape-faults.ts';

export const MAX_VALUE_BYTES = 1024 * 1024;

interface ReferencePlace {
  /** Whether the field is marked secret: the value is then bounded below, and redacted everywhere. */
  readonly secret: boolean;
  /** The field, for messages: `spec.existing.kubeconfig`. */
  readonly field: string;
  /** Document that holds the reference: `Cluster/demo`. */
  readonly subject: string;
  readonly at: SourcePosition;
}

export type EnvReference = ReferencePlace & { readonly kind: 'env'; readonly name: string };
/** The path is absolute. */
export type FileReference = ReferencePlace & { readonly kind: 'file'; readonly path: string };
/** `target` is `Cluster/mgmt`. */
export type OutputReference = ReferencePlace & { readonly kind: 'output'; readonly target: string; readonly output: string };
export type Reference = EnvReference | FileReference | OutputReference;
export type Value = Reference | { readonly kind: 'literal'; readonly text: string };

export interface ReferenceSource {
  readonly document: SourceDocument;
  readonly subject: string;
  readonly path: FieldPath;
  readonly secret: boolean;
}

/** Makes a reference out of its one-key mapping; undefined when it is malformed (which the rules report). */
export function toReference(spec: ReferenceSpec, source: ReferenceSource): Reference | undefined {
  const place = { secret: source.secret, field: showField(source.path), subject: source.subject, at: source.document.locate(source.path) };
  if (typeof spec.env === 'string') return isEnvironmentName(spec.env) ? { kind: 'env', name: spec.env, ...place } : undefined;
  if (typeof spec.file === 'string') return { kind: 'file', path: resolve(source.document.folder, spec.file), ...place };
  const output = typeof spec.output === 'string' ? parseOutput(spec.output) : undefined;
  return output && { kind: 'output', ...output, ...place };
}

/** As toReference, for a field that also takes text. */
export function toValue(spec: ValueSpec, source: ReferenceSource): Value | undefined {
  return typeof spec === 'string' ? { kind: 'literal', text: spec } : toReference(spec, source);
}

export function parseOutput(text: string): { readonly target: string; readonly output: string } | undefined {
  const match = /^([A-Z][A-Za-z]*\/[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.([A-Za-z][A-Za-z0-9]*)$/.exec(text);
  return match ? { target: match[1] ?? '', output: match[2] ?? '' } : undefined;
}

export interface ResolveOptions {
  readonly redactor: Redactor;
  /** What documents of the project gave so far: `outputs('Cluster/mgmt', 'server')`. */
  readonly outputs?: (target: string, output: string) => string | undefined;
}

/**
 * The value behind a reference or text, without white space at its end (a private key wants its line break back). Reads
 * anew at each call.
 * @throws SlipwayError SLW-CFG-032, SLW-CFG-033, SLW-CFG-034, SLW-CFG-042
 */
export async function resolveValue(host: Host, value: Value, options: ResolveOptions): Promise<string> {
  if (value.kind === 'literal') return value.text;
  const text = await read(host, value, options);
  if (value.secret) {
    options.redactor.add(text);
    refuseShort(value, text);
  }
  return text;
}

async function read(host: Host, reference: Reference, options: ResolveOptions): Promise<string> {
  if (reference.kind === 'env') return readEnv(host, reference);
  if (reference.kind === 'file') return (await readReferencedFile(host, reference)).text;
  const text = options.outputs?.(reference.target, reference.output);
  if (text === undefined)
    throw fail('SLW-CFG-042', `${reference.field} needs ${reference.output} of ${reference.target}, which is not known yet`, reference);
  return text;
}

/** Content of a variable; unset and empty are the same. @throws SlipwayError SLW-CFG-032 */
export function readEnv(host: Host, reference: EnvReference): string {
  const text = host.env.get(reference.name);
  if (text === undefined || text.trim() === '') {
    throw fail(
      'SLW-CFG-032',
      `environment variable ${showName(reference.name)}, which ${reference.field} needs, is ${text === undefined ? 'not set' : 'empty'}`,
      reference,
    );
  }
  return text.trimEnd();
}

/** A token typed in the place of a name is cut: nobody names variables in long, mixed letters and digits. */
function showName(name: string): string {
  const isTokenLike = name.length >= 16 && /[a-z]/.test(name) && /[0-9]/.test(name);
  return isTokenLike ? `${name.slice(0, 4)}… (which looks like a secret itself)` : name;
}

/** Content and permission bits of a file of bounded size. @throws SlipwayError SLW-CFG-033 */
export async function readReferencedFile(host: Host, reference: FileReference): Promise<{ readonly text: string; readonly mode: number }> {
  const shown = showPath(host, reference.path);
  const stat = await followedStat(host, reference.path).catch((cause: unknown) => {
    throw fail('SLW-CFG-033', `file ${shown}, which ${reference.field} needs, cannot be read`, { ...reference, cause });
  });
  if (stat === undefined) throw fail('SLW-CFG-033', `file ${shown}, which ${reference.field} needs, does not exist`, reference);
  if (stat.kind !== 'file') throw fail('SLW-CFG-033', `${shown}, which ${reference.field} needs, is no regular file`, reference);
  if (stat.size > MAX_VALUE_BYTES)
    throw fail('SLW-CFG-033', `file ${shown}, which ${reference.field} needs, is larger than ${MAX_VALUE_BYTES} bytes`, reference);
  const text = await host.files.readText(reference.path).catch((cause: unknown) => {
    throw fail('SLW-CFG-033', `file ${shown}, which ${reference.field} needs, cannot be read`, { ...reference, cause });
  });
  return { text: (text ?? '').trimEnd(), mode: stat.mode };
}

/** @throws SlipwayError SLW-CFG-034 */
export function refuseShort(reference: Reference, text: string): void {
  if (text.length >= MIN_SECRET_LENGTH) return;
  const source =
    reference.kind === 'env'
      ? `environment variable ${showName(reference.name)}`
      : reference.kind === 'file'
        ? `file ${reference.path}`
        : `${reference.target}.${reference.output}`;
  throw fail(
    'SLW-CFG-034',
    `the secret for ${reference.field} in ${source} has ${text.length} characters, fewer than ${MIN_SECRET_LENGTH}`,
    reference,
  );
}

export interface KubeconfigText {
  readonly text: string;
  /** Absolute path it was read from: relative paths inside a kubeconfig start at its folder. */
  readonly path?: string;
}

/**
 * A kubeconfig behind a reference. A variable may hold the kubeconfig itself or the path of one, as KUBECONFIG does; a
 * list of paths is refused.
 * @throws SlipwayError SLW-CFG-032, SLW-CFG-033, SLW-CFG-034, SLW-CFG-042
 */
export async function resolveKubeconfig(host: Host, reference: Reference, options: ResolveOptions): Promise<KubeconfigText> {
  const file = followKubeconfigPath(host, reference);
  if (file.kind !== 'file') return { text: await resolveValue(host, file, options) };
  return { text: await resolveValue(host, file, options), path: file.path };
}

/** Turns {env: KUBECONFIG} into a reference to the file it names; leaves every other reference as it is. */
export function followKubeconfigPath(host: Host, reference: Reference): Reference {
  if (reference.kind !== 'env') return reference;
  const text = readEnv(host, reference);
  if (/[\n{]/.test(text)) return reference;
  const { name: _, ...place } = reference;
  return { ...place, kind: 'file', path: resolve(host.env.cwd, text) };
}

function fail(code: SlipwayError['code'], message: string, reference: Reference & { readonly cause?: unknown }): SlipwayError {
  return new SlipwayError(code, message, {
    at: reference.at,
    object: reference.subject,
    ...(reference.cause !== undefined && { cause: reference.cause }),
  });
}
