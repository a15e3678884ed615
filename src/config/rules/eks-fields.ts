/** What an EKS cluster may say: versions, sizes and firewall rules that EKS takes, an API that somebody can reach. */
import type { SlipwayError } from '../../core/errors.ts';
import { overlaps, parseCidr } from '../cidr.ts';
import { GITOPS_PATHS, type Unit } from '../document.ts';
import { parseOutput } from '../references.ts';
import { error, showField, showValue, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

const EKS: FieldPath = ['spec', 'eks'];
const POOLS: FieldPath = [...EKS, 'nodePools'];
/** https://kubernetes.io/releases/version-skew-policy/#kubelet */
const MAX_SKEW = 3;
const MAX_PORT = 65_535;

/** Works on unjudged data, so that these faults are found together with those of shape. */
export function checkEksFields(unit: Unit): readonly SlipwayError[] {
  if (valueAt(unit.document.value, ['spec', 'provisioner']) !== 'eks') return [];
  return [
    ...poolNames(unit).flatMap((name) => checkPool(unit, [...POOLS, name])),
    ...checkRanges(unit),
    ...checkEndpoint(unit),
    ...checkEntries(unit),
    ...checkAddons(unit),
    ...checkAccess(unit),
    ...checkSources(unit),
  ];
}

/** Across documents: a cluster stands in the region of its network, in two zones, beside its addresses. */
export function checkEksNetworks(units: readonly Unit[]): readonly SlipwayError[] {
  const bySubject = new Map(units.map((unit) => [unit.subject, unit]));
  return units
    .filter((unit) => valueAt(unit.document.value, ['spec', 'provisioner']) === 'eks')
    .flatMap((unit) => {
      const path: FieldPath = [...EKS, 'network', 'vpcId', 'output'];
      const target = parseOutput(String(valueAt(unit.document.value, path)))?.target;
      const network = target === undefined ? undefined : bySubject.get(target);
      return network ? checkAgainst(unit, network, path) : [];
    });
}

function checkAgainst(unit: Unit, network: Unit, path: FieldPath): readonly SlipwayError[] {
  const [own, other] = [valueAt(unit.document.value, [...EKS, 'region']), valueAt(network.document.value, ['spec', 'aws', 'region'])];
  const zones = ['availabilityZones', 'privateSubnets'].map((list) => valueAt(network.document.value, ['spec', list])).find(Array.isArray);
  const services = valueAt(unit.document.value, [...EKS, 'serviceCidr']);
  const cidr = valueAt(network.document.value, ['spec', 'cidr']);
  const [first, second] = [services, cidr].map((text) => (typeof text === 'string' ? parseCidr(text) : undefined));
  return [
    ...(own === undefined || other === undefined || own === other
      ? []
      : [misfit(unit, [...EKS, 'region'], `the cluster is in ${String(own)}, its network ${network.subject} in ${String(other)}`)]),
    ...(zones && zones.length < 2 ? [misfit(unit, path, `EKS needs subnets in two zones at least, and ${network.subject} has one`)] : []),
    ...(first && second && overlaps(first, second)
      ? [
          error('SLW-CFG-048', `${showField([...EKS, 'serviceCidr'])} ${String(services)} overlaps ${network.subject} ${String(cidr)}`, {
            context: unit,
            path: [...EKS, 'serviceCidr'],
          }),
        ]
      : []),
  ];
}

function poolNames(unit: Unit): readonly string[] {
  const pools = valueAt(unit.document.value, POOLS);
  return typeof pools === 'object' && pools !== null && !Array.isArray(pools) ? Object.keys(pools) : [];
}

function checkPool(unit: Unit, path: FieldPath): readonly SlipwayError[] {
  return [
    ...checkSkew(unit, path),
    ...checkSize(unit, path),
    ...checkImage(unit, path),
    ...checkVolume(unit, path),
    ...checkUpdate(unit, path),
    ...checkRules(unit, path),
  ];
}

function checkSkew(unit: Unit, pool: FieldPath): readonly SlipwayError[] {
  const path = [...pool, 'version'];
  const [own, cluster] = [path, [...EKS, 'version']].map((place) => minorOf(valueAt(unit.document.value, place)));
  if (own === undefined || cluster === undefined || (own <= cluster && cluster - own <= MAX_SKEW)) return [];
  const message =
    own > cluster
      ? `nodes of 1.${own} are newer than their cluster of 1.${cluster}`
      : `nodes of 1.${own} are more than ${MAX_SKEW} minor versions older than their cluster of 1.${cluster}`;
  return [error('SLW-EKS-007', message, { context: unit, path })];
}

const minorOf = (version: unknown): number | undefined => {
  const [, minor] = typeof version === 'string' ? (/^1\.(\d+)$/.exec(version) ?? []) : [];
  return minor === undefined ? undefined : Number(minor);
};

function checkSize(unit: Unit, pool: FieldPath): readonly SlipwayError[] {
  const size = (name: string, fallback: number): number => {
    const value = valueAt(unit.document.value, [...pool, name]);
    return typeof value === 'number' ? value : fallback;
  };
  const [min, max] = [size('minSize', 1), size('maxSize', 3)];
  const desired = size('desiredSize', min);
  if (min > max) return [misfit(unit, [...pool, 'minSize'], `minSize ${min} is greater than maxSize ${max}`)];
  return desired < min || desired > max
    ? [misfit(unit, [...pool, 'desiredSize'], `desiredSize ${desired} is not between minSize ${min} and maxSize ${max}`)]
    : [];
}

function checkImage(unit: Unit, pool: FieldPath): readonly SlipwayError[] {
  const has = (name: string): boolean => valueAt(unit.document.value, [...pool, name]) !== undefined;
  return has('amiId') && has('releaseVersion')
    ? [misfit(unit, [...pool, 'releaseVersion'], 'releaseVersion is of AWS’s images, and amiId names one of your own')]
    : [];
}

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html */
const WITH_IOPS: ReadonlySet<unknown> = new Set(['gp3', 'io1', 'io2']);

function checkVolume(unit: Unit, pool: FieldPath): readonly SlipwayError[] {
  const field = (name: string): unknown => valueAt(unit.document.value, [...pool, 'volume', name]);
  const type = field('type') ?? 'gp3';
  const wrong: readonly [string, boolean, string][] = [
    ['iops', field('iops') !== undefined && !WITH_IOPS.has(type), `volumes of type ${String(type)} take no iops`],
    ['throughput', field('throughput') !== undefined && type !== 'gp3', `volumes of type ${String(type)} take no throughput`],
    ['type', field('iops') === undefined && (type === 'io1' || type === 'io2'), `volumes of type ${String(type)} need iops`],
  ];
  return wrong.filter(([, isWrong]) => isWrong).map(([name, , message]) => misfit(unit, [...pool, 'volume', name], message));
}

function checkUpdate(unit: Unit, pool: FieldPath): readonly SlipwayError[] {
  const path = [...pool, 'update'];
  const both = ['maxUnavailable', 'maxUnavailablePercentage'].every((name) => valueAt(unit.document.value, [...path, name]) !== undefined);
  return both ? [misfit(unit, path, `${showField(path)} takes maxUnavailable or maxUnavailablePercentage, not both`)] : [];
}

function checkRules(unit: Unit, pool: FieldPath): readonly SlipwayError[] {
  const path = [...pool, 'firewallRules'];
  const rules = valueAt(unit.document.value, path);
  if (!Array.isArray(rules)) return [];
  const names = new Set<unknown>();
  return rules.flatMap((rule: unknown, i) => {
    const own = [...path, i];
    const name = valueAt(rule, ['name']);
    const twice = names.has(name) ? [misfit(unit, [...own, 'name'], `firewall rule ${String(name)} stands twice in its pool`)] : [];
    names.add(name);
    return [...twice, ...checkPeer(unit, own), ...checkPorts(unit, own)];
  });
}

function checkPeer(unit: Unit, rule: FieldPath): readonly SlipwayError[] {
  const field = (name: string): unknown => valueAt(unit.document.value, [...rule, name]);
  const cidrs = field('cidrBlocks');
  const peers = [Array.isArray(cidrs) && cidrs.length > 0, field('self') === true, field('sourceSecurityGroupId') !== undefined].filter(
    Boolean,
  ).length;
  return peers === 1 ? [] : [misfit(unit, rule, `${showField(rule)} needs exactly one of cidrBlocks, self and sourceSecurityGroupId`)];
}

function checkPorts(unit: Unit, rule: FieldPath): readonly SlipwayError[] {
  const path = [...rule, 'ports'];
  const protocol = valueAt(unit.document.value, [...rule, 'protocol']) ?? 'tcp';
  const ports = valueAt(unit.document.value, path);
  const hasPorts = protocol === 'tcp' || protocol === 'udp';
  if (ports === undefined)
    return hasPorts ? [misfit(unit, rule, `${showField(rule)} needs ports, because its protocol is ${String(protocol)}`)] : [];
  if (!hasPorts) return [misfit(unit, path, `${showField(path)} is given, but protocol ${String(protocol)} has no ports`)];
  const [from = 0, to = from] = String(ports).split('-').map(Number);
  return to > MAX_PORT || from > to ? [misfit(unit, path, `${showField(path)} is ${showValue(ports)}, which is no range of ports`)] : [];
}

function checkRanges(unit: Unit): readonly SlipwayError[] {
  const pools = poolNames(unit).flatMap((name) =>
    rulePaths(unit, [...POOLS, name, 'firewallRules']).map((rule) => [...rule, 'cidrBlocks']),
  );
  const lists: readonly FieldPath[] = [[...EKS, 'dmzCidrs'], [...EKS, 'endpointAccess', 'publicCidrs'], ...pools];
  const paths = [[...EKS, 'serviceCidr'], ...lists.flatMap((list) => rulePaths(unit, list))];
  const faulty = paths.flatMap((path) => {
    const text = valueAt(unit.document.value, path);
    return typeof text === 'string' && !parseCidr(text)
      ? [error('SLW-CFG-047', `${showField(path)} is ${showValue(text)}, which is no range of addresses`, { context: unit, path })]
      : [];
  });
  return [...faulty, ...checkServiceSize(unit)];
}

function rulePaths(unit: Unit, path: FieldPath): readonly FieldPath[] {
  const list = valueAt(unit.document.value, path);
  return Array.isArray(list) ? list.map((_, i) => [...path, i]) : [];
}

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html */
function checkServiceSize(unit: Unit): readonly SlipwayError[] {
  const path = [...EKS, 'serviceCidr'];
  const text = valueAt(unit.document.value, path);
  const prefix = typeof text === 'string' && parseCidr(text) ? Number(text.split('/')[1]) : 16;
  return prefix < 12 || prefix > 24
    ? [misfit(unit, path, `${showField(path)} is ${String(text)}, but EKS takes ranges from /12 to /24`)]
    : [];
}

function checkEndpoint(unit: Unit): readonly SlipwayError[] {
  const path = [...EKS, 'endpointAccess'];
  const field = (name: string): unknown => valueAt(unit.document.value, [...path, name]);
  const [isPrivate, isPublic] = [field('private') ?? true, field('public') ?? false];
  const cidrs = field('publicCidrs');
  const count = Array.isArray(cidrs) ? cidrs.length : 0;
  if (isPrivate === false && isPublic === false)
    return [misfit(unit, path, 'the API is neither private nor public: nobody could reach it')];
  if (isPublic === true && count === 0) return [misfit(unit, path, 'the API is public, but publicCidrs does not say for whom')];
  return isPublic === false && count > 0 ? [misfit(unit, [...path, 'publicCidrs'], 'publicCidrs is given, but the API is not public')] : [];
}

function checkEntries(unit: Unit): readonly SlipwayError[] {
  const seen = new Set<unknown>();
  return rulePaths(unit, [...EKS, 'accessEntries']).flatMap((path) => {
    const arn = valueAt(unit.document.value, [...path, 'principalArn']);
    const groups = valueAt(unit.document.value, [...path, 'groups']);
    const twice =
      arn !== undefined && seen.has(arn)
        ? [misfit(unit, [...path, 'principalArn'], `${String(arn)} has two access entries; EKS takes one`)]
        : [];
    seen.add(arn);
    const refused = Array.isArray(groups) ? groups.filter((group) => /^(?:system|eks|aws|amazon|iam):/.test(String(group))) : [];
    return [
      ...twice,
      ...refused.map((group) =>
        misfit(
          unit,
          [...path, 'groups'],
          `EKS takes no group ${String(group)} in an access entry; for administrators use the policy AmazonEKSClusterAdminPolicy`,
        ),
      ),
    ];
  });
}

function checkAddons(unit: Unit): readonly SlipwayError[] {
  const addon = (name: string, field: string): unknown => valueAt(unit.document.value, [...EKS, 'addons', name, field]);
  if (addon('podIdentityAgent', 'enabled') !== false) return [];
  const identities = valueAt(unit.document.value, [...EKS, 'podIdentities']);
  const needsRole = addon('ebsCsiDriver', 'enabled') !== false && addon('ebsCsiDriver', 'serviceAccountRoleArn') === undefined;
  return [
    ...(Array.isArray(identities) && identities.length > 0
      ? [misfit(unit, [...EKS, 'podIdentities'], 'podIdentities need the add-on podIdentityAgent')]
      : []),
    ...(needsRole
      ? [
          misfit(
            unit,
            [...EKS, 'addons', 'podIdentityAgent'],
            'ebsCsiDriver gets its role by podIdentityAgent; without it give serviceAccountRoleArn',
          ),
        ]
      : []),
  ];
}

function checkAccess(unit: Unit): readonly SlipwayError[] {
  const field = (name: string): unknown => valueAt(unit.document.value, ['spec', 'access', name]);
  if (field('bastion') !== undefined) return [];
  return ['identity', 'knownHosts']
    .filter((name) => field(name) !== undefined)
    .map((name) => misfit(unit, ['spec', 'access', name], `${name} is for a bastion, and there is none`));
}

/** A path is served on this machine's loopback address, which a cluster in a cloud cannot fetch from. */
function checkSources(unit: Unit): readonly SlipwayError[] {
  return GITOPS_PATHS.flatMap((gitops) => {
    const repositories = valueAt(unit.document.value, [...gitops, 'repositories']);
    if (typeof repositories !== 'object' || repositories === null) return [];
    return Object.keys(repositories).flatMap((name) => {
      const path = [...gitops, 'repositories', name, 'git', 'url'];
      const url = valueAt(unit.document.value, path);
      if (typeof url !== 'string' || /^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return [];
      return [
        error('SLW-EXI-001', `repository ${name} is the path ${url}, which a cluster in a cloud cannot fetch`, { context: unit, path }),
      ];
    });
  });
}

function misfit(unit: Unit, path: FieldPath, message: string): SlipwayError {
  return error('SLW-EKS-001', message, { context: unit, path });
}
