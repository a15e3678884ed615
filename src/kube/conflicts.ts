/** Who owns which field when server-side apply refuses. */

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

export interface FieldConflict {
  /** Without the leading dot: `spec.replicas`. */
  readonly field: string;
  readonly manager: string;
  /** The version in which the manager wrote it, when the server tells. */
  readonly apiVersion?: string;
  readonly subresource?: string;
}

/**
 * `conflict with "kubectl" with subresource "status" using apps/v1`, the texts of
 * k8s.io/apimachinery/pkg/util/managedfields/internal/conflict.go.
 */
const CONFLICT = /^conflict with "([^"]*)"(?: with subresource "([^"]*)")?(?: using (\S+))?/;

export function readConflicts(causes: readonly StatusCause[]): readonly FieldConflict[] {
  return causes.flatMap((cause) => {
    const match = cause.reason === 'FieldManagerConflict' ? CONFLICT.exec(cause.message ?? '') : null;
    if (!match) return [];
    const [, manager = 'unknown', subresource, apiVersion] = match;
    return [
      { field: (cause.field ?? '').replace(/^\./, ''), manager, ...(apiVersion && { apiVersion }), ...(subresource && { subresource }) },
    ];
  });
}
