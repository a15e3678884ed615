/** Words that are designed but not built: refused by name, so that nobody takes them for typing errors. */
import type { SlipwayError } from '../../core/errors.ts';
import { GITOPS_PATHS, type Unit } from '../document.ts';
import { PINNED_KUBERNETES, RESERVED_PROVISIONERS } from '../kinds/cluster.ts';
import { RESERVED_NETWORK_PROVIDERS } from '../kinds/network.ts';
import { RESERVED_BOOTSTRAPS } from '../kinds/pivot.ts';
import { RESERVED_BACKENDS } from '../kinds/project.ts';
import { error, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

interface ReservedWords {
  readonly path: FieldPath;
  readonly words: readonly string[];
  readonly label: string;
  readonly fix: string;
}

const RESERVED: readonly ReservedWords[] = [
  {
    path: ['spec', 'provisioner'],
    words: RESERVED_PROVISIONERS,
    label: 'provisioner',
    fix: 'use provisioner: local, existing, capi or eks',
  },
  {
    path: ['spec', 'bootstrapCluster', 'provisioner'],
    words: RESERVED_BOOTSTRAPS,
    label: 'bootstrap cluster by',
    fix: 'use provisioner: local or provisioner: existing',
  },
  { path: ['spec', 'state', 'backend'], words: RESERVED_BACKENDS, label: 'state backend', fix: 'use backend: local or s3' },
  { path: ['spec', 'provider'], words: RESERVED_NETWORK_PROVIDERS, label: 'network provider', fix: 'use provider: aws' },
];

/** A document with a reserved word cannot be judged by the schema: its other fields belong to what is not built. */
export function findReservedWords(unit: Unit): readonly SlipwayError[] {
  return RESERVED.flatMap(({ path, words, label, fix }) => {
    const word = valueAt(unit.document.value, path);
    if (typeof word !== 'string' || !words.includes(word)) return [];
    return [error('SLW-CFG-020', `${label} ${word} is not available in this version`, { context: unit, path, fix })];
  });
}

/** Versions that cannot be chosen: Flux's, and any Kubernetes but the pinned one. */
export function checkVersions(unit: Unit): readonly SlipwayError[] {
  const errors: SlipwayError[] = [];
  for (const gitops of GITOPS_PATHS) {
    const path = [...gitops, 'flux', 'version'];
    if (valueAt(unit.document.value, path) === undefined) continue;
    const message = 'choosing the Flux version is not available in this version';
    errors.push(error('SLW-CFG-020', message, { context: unit, path, fix: 'remove flux.version' }));
  }
  const path = pinnedVersionPath(unit);
  const version = valueAt(unit.document.value, path);
  if (typeof version === 'string' && /^v?\d+\.\d+(\.\d+)?$/.test(version) && !isPinned(version)) {
    errors.push(
      error('SLW-CFG-040', `Kubernetes ${version} is not pinned, only ${PINNED_KUBERNETES}`, {
        context: unit,
        path,
        fix: `write "${PINNED_KUBERNETES}", or leave the field out`,
      }),
    );
  }
  return errors;
}

/** Clusters of processes run the toolchain's version, whoever describes them. */
function pinnedVersionPath({ document }: Unit): FieldPath {
  const isLocalInfrastructure = valueAt(document.value, ['spec', 'capi', 'infrastructure']) === 'local';
  return ['spec', isLocalInfrastructure ? 'capi' : 'local', 'kubernetesVersion'];
}

function isPinned(version: string): boolean {
  const plain = version.replace(/^v/, '');
  return plain === PINNED_KUBERNETES || PINNED_KUBERNETES.startsWith(`${plain}.`);
}
