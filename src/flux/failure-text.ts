/**
 * What Flux's messages say about an object: which one, and why. The texts are those of fluxcd/pkg/ssa (errors.go,
 * manager_apply.go), kustomize and the API server; what is not recognised keeps the controller's reason.
 */
import type { ObjectRef } from '../kube/types.ts';

export interface NamedFailure {
  /** The object the message names; its API version is not known. */
  readonly ref?: ObjectRef;
  /** A machine's word, more precise than the condition's reason. */
  readonly reason?: string;
}

const REASONS: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/no matches for kind|could not find the requested resource|the server doesn't have a resource type/, 'KindNotServed'],
  [/field is immutable|immutable field|is immutable/, 'ImmutableField'],
  [/admission webhook ".*" denied|ValidatingAdmissionPolicy '.*' .*denied/, 'DeniedByAdmission'],
  [/failed calling webhook/, 'WebhookUnreachable'],
  [/exceeded quota/, 'QuotaExceeded'],
  [/namespaces? ".*" not found|namespace not specified/, 'NamespaceMissing'],
  [/is SOPS encrypted|decryption failed|error decrypting|cannot get sops data key|sops/i, 'DecryptionFailed'],
  [/kustomization path not found|lstat .*: no such file/, 'PathMissing'],
  [/variable not set|post build failed|substitut/, 'SubstitutionFailed'],
  [/\(Forbidden\)|is forbidden|cannot impersonate/, 'Forbidden'],
  [/field manager conflict|\(FieldManagerConflict\)/, 'FieldConflict'],
  [/unknown field|strict decoding error|field not declared in schema/, 'UnknownField'],
  [/MalformedYAMLError|yaml: |error converting YAML/, 'InvalidYaml'],
  [
    /\(Invalid\)|\(BadRequest\)|is invalid:|failed to decode|failed to create typed patch object|missing metadata|Object 'Kind' is missing/,
    'InvalidManifest',
  ],
  [/being terminated|is being deleted/, 'Terminating'],
  [/duplicate|may not add resource with an already registered id/, 'DuplicateObject'],
];

const OBJECT =
  /\b([A-Z][A-Za-z0-9]+)\/([a-z0-9][-a-z0-9.:]*)(?:\/([a-z0-9][-a-z0-9.:]*))?(?= (?:dry-run failed|apply failed|not found|namespace not specified|immutable field|failed to|is SOPS))/;
const NO_MATCH = /no matches for kind "([^"]+)" in version "([^"]+)"/;
/** `… for 'apps/v1, Kind=Deployment/name'` and kustomize's `[noGrp]_[noVer]_Kind|ns|name`. */
const BUILD = /(?:decryption|post build) failed for '(?:[^']*Kind=)?([A-Za-z]+)[^'/]*\/([^']+)'/;

export function readFailure(message: string): NamedFailure {
  const reason = REASONS.find(([pattern]) => pattern.test(message))?.[1];
  const ref = namedObject(message);
  return { ...(reason !== undefined && { reason }), ...(ref && { ref }) };
}

function namedObject(message: string): ObjectRef | undefined {
  const match = OBJECT.exec(message);
  if (match) return refFrom(match);
  const build = BUILD.exec(message);
  if (build) return { apiVersion: '', kind: build[1] ?? '', name: build[2] ?? '' };
  const missing = NO_MATCH.exec(message);
  return missing ? { apiVersion: missing[2] ?? '', kind: missing[1] ?? '', name: '' } : undefined;
}

function refFrom(match: RegExpExecArray): ObjectRef {
  const [, kind = '', first = '', second] = match;
  return { apiVersion: '', kind, ...(second === undefined ? { name: first } : { namespace: first, name: second }) };
}

/** One line, without temporary folders and repeated prefixes, short enough for a screen. */
export function tidy(message: string, limit = 400): string {
  const line = message
    .replaceAll(/(?<=^|[\s'"(=:])\/[^'":\n]*?\/kustomization-\d+\//g, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}
