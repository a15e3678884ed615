/** What a network on AWS may say: ranges inside each other, as many subnets as zones, nothing that AWS would refuse half way. */
import type { Code } from '../../core/codes.ts';
import type { SlipwayError } from '../../core/errors.ts';
import { type Cidr, contains, overlaps, parseCidr } from '../cidr.ts';
import type { Unit } from '../document.ts';
import { layOutSubnets } from '../resolved-network.ts';
import { error, showField, showValue, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

/** AWS: a VPC has 16 to 65,536 addresses, and so has a subnet (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html). */
const LARGEST_PREFIX = 28;
const SMALLEST_PREFIX = 16;

interface Range {
  readonly path: FieldPath;
  readonly text: string;
  readonly cidr: Cidr;
}

/** Works on unjudged data, so that these faults are found together with those of shape. */
export function checkNetworkFields(unit: Unit): readonly SlipwayError[] {
  if (unit.kind !== 'Network' || valueAt(unit.document.value, ['spec', 'provider']) !== 'aws') return [];
  const ranges = readRanges(unit);
  return [
    ...ranges.errors,
    ...checkSizes(unit, ranges),
    ...checkNesting(unit, ranges),
    ...checkOverlaps(unit, ranges),
    ...checkCounts(unit),
    ...checkZones(unit),
    ...checkPublicNeeds(unit),
    ...checkFlowLogs(unit),
    ...checkSshUsers(unit),
  ];
}

interface Ranges {
  readonly own: readonly Range[];
  readonly subnets: readonly Range[];
  readonly clients: readonly Range[];
  readonly errors: readonly SlipwayError[];
}

const VPN: FieldPath = ['spec', 'vpn'];
const SUBNETS = ['privateSubnets', 'publicSubnets'] as const;

function readRanges(unit: Unit): Ranges {
  const own = readAll(unit, [['spec', 'cidr'], ...itemPaths(unit, ['spec', 'additionalCidrs'])]);
  const subnets = readAll(
    unit,
    SUBNETS.flatMap((list) => itemPaths(unit, ['spec', list])),
  );
  const clients = readAll(unit, [[...VPN, 'clientsCidr']]);
  const others = readAll(
    unit,
    ['operatorCidrs', 'clientSourceCidrs', 'routes'].flatMap((list) => itemPaths(unit, [...VPN, list])),
  );
  return {
    own: own.ranges,
    subnets: subnets.ranges,
    clients: clients.ranges,
    errors: [own, subnets, clients, others].flatMap(({ errors }) => errors),
  };
}

function itemPaths(unit: Unit, path: FieldPath): readonly FieldPath[] {
  const list = valueAt(unit.document.value, path);
  return Array.isArray(list) ? list.map((_, i) => [...path, i]) : [];
}

function readAll(unit: Unit, paths: readonly FieldPath[]): { readonly ranges: readonly Range[]; readonly errors: readonly SlipwayError[] } {
  const texts = paths.flatMap((path) => {
    const text = valueAt(unit.document.value, path);
    return typeof text === 'string' ? [{ path, text, cidr: parseCidr(text) }] : [];
  });
  return {
    ranges: texts.flatMap(({ path, text, cidr }) => (cidr ? [{ path, text, cidr }] : [])),
    errors: texts
      .filter(({ cidr }) => !cidr)
      .map(({ path, text }) =>
        error('SLW-CFG-047', `${showField(path)} is ${showValue(text)}, which is no range of addresses`, { context: unit, path }),
      ),
  };
}

function checkSizes(unit: Unit, { own, subnets, clients }: Ranges): readonly SlipwayError[] {
  const sized = [...own, ...subnets].filter(
    ({ text, cidr }) => cidr.version !== 4 || prefixOf(text) > LARGEST_PREFIX || prefixOf(text) < SMALLEST_PREFIX,
  );
  const pools = clients.filter(({ text, cidr }) => cidr.version !== 4 || prefixOf(text) < SMALLEST_PREFIX || prefixOf(text) > 29);
  return [
    ...sized.map(({ path, text }) =>
      misfit(unit, path, `${showField(path)} is ${text}, but AWS takes ranges of IPv4 from /${SMALLEST_PREFIX} to /${LARGEST_PREFIX}`),
    ),
    ...pools.map(({ path, text }) =>
      misfit(unit, path, `${showField(path)} is ${text}, but clients of the VPN take a range of IPv4 from /16 to /29`),
    ),
  ];
}

const prefixOf = (text: string): number => Number(text.split('/')[1]);

function checkNesting(unit: Unit, { own, subnets }: Ranges): readonly SlipwayError[] {
  if (own.length === 0) return [];
  return subnets
    .filter(({ cidr }) => !own.some((range) => contains(range.cidr, cidr)))
    .map(({ path, text }) =>
      misfit(unit, path, `${showField(path)} is ${text}, which is not inside the network ${own.map((range) => range.text).join(', ')}`),
    );
}

function checkOverlaps(unit: Unit, { own, subnets, clients }: Ranges): readonly SlipwayError[] {
  return [...pairs(own), ...pairs(subnets), ...clients.flatMap((client) => own.map((range) => [range, client] as const))]
    .filter(([first, second]) => overlaps(first.cidr, second.cidr))
    .map(([first, second]) => {
      const message = `${showField(second.path)} ${second.text} overlaps ${showField(first.path)} ${first.text}`;
      return error('SLW-CFG-048', message, { context: unit, path: second.path });
    });
}

const pairs = (ranges: readonly Range[]): readonly (readonly [Range, Range])[] =>
  ranges.flatMap((second, i) => ranges.slice(0, i).map((first) => [first, second] as const));

function checkCounts(unit: Unit): readonly SlipwayError[] {
  const zones = lengthAt(unit, ['spec', 'availabilityZones']);
  const count = zones ?? lengthAt(unit, ['spec', 'privateSubnets']) ?? lengthAt(unit, ['spec', 'publicSubnets']);
  const given = SUBNETS.flatMap((list) => {
    const length = lengthAt(unit, ['spec', list]);
    return length === undefined || length === 0 || length === count ? [] : [{ list, length }];
  });
  const what = zones === undefined ? 'subnets of the other sort' : 'zones';
  const wrong = given.map(({ list, length }) =>
    misfit(
      unit,
      ['spec', list],
      `${showField(['spec', list])} has ${length} subnets for ${count ?? 0} ${what}: one for each is needed, or none`,
    ),
  );
  return [...wrong, ...checkCut(unit)];
}

function lengthAt(unit: Unit, path: FieldPath): number | undefined {
  const list = valueAt(unit.document.value, path);
  return Array.isArray(list) ? list.length : undefined;
}

/** Subnets that are not written are cut from the network, which must be large enough for them. */
function checkCut(unit: Unit): readonly SlipwayError[] {
  const field = (name: string): unknown => valueAt(unit.document.value, ['spec', name]);
  const cidr = field('cidr');
  if (typeof cidr !== 'string' || parseCidr(cidr)?.version !== 4) return [];
  const [availabilityZones, publicSubnets, privateSubnets] = ['availabilityZones', 'publicSubnets', 'privateSubnets']
    .map(field)
    .map((list) => (Array.isArray(list) ? list.map(String) : undefined));
  const written = {
    ...(availabilityZones && { availabilityZones }),
    ...(publicSubnets && { publicSubnets }),
    ...(privateSubnets && { privateSubnets }),
  };
  const fits = ((): boolean => {
    try {
      const layout = layOutSubnets({ cidr, ...written });
      const cut = [...(publicSubnets ? [] : layout.publicSubnets), ...(privateSubnets ? [] : layout.privateSubnets)];
      return cut.every((subnet) => prefixOf(subnet) <= LARGEST_PREFIX);
    } catch {
      return false;
    }
  })();
  return fits
    ? []
    : [
        misfit(
          unit,
          ['spec', 'cidr'],
          `spec.cidr ${cidr} is too small for subnets in each zone: none may be smaller than /${LARGEST_PREFIX}`,
        ),
      ];
}

function checkZones(unit: Unit): readonly SlipwayError[] {
  const region = valueAt(unit.document.value, ['spec', 'aws', 'region']);
  const seen = new Set<string>();
  return itemPaths(unit, ['spec', 'availabilityZones']).flatMap((path) => {
    const zone = valueAt(unit.document.value, path);
    if (typeof zone !== 'string') return [];
    if (seen.has(zone)) return [misfit(unit, path, `zone ${zone} stands twice`)];
    seen.add(zone);
    return typeof region === 'string' && !zone.startsWith(region) ? [misfit(unit, path, `zone ${zone} is not in region ${region}`)] : [];
  });
}

/** What stands in public subnets. */
function checkPublicNeeds(unit: Unit): readonly SlipwayError[] {
  if (lengthAt(unit, ['spec', 'publicSubnets']) !== 0) return [];
  const nat = valueAt(unit.document.value, ['spec', 'natGateways']) ?? 'single';
  const hosts = valueAt(unit.document.value, VPN) === undefined ? 0 : (valueAt(unit.document.value, [...VPN, 'instances']) ?? 1);
  return [
    ...(nat === 'none'
      ? []
      : [misfit(unit, ['spec', 'natGateways'], `NAT gateways (${String(nat)}) stand in public subnets, and there are none`)]),
    ...(hosts === 0 ? [] : [misfit(unit, VPN, 'hosts of the VPN stand in public subnets, and there are none')]),
  ];
}

function checkFlowLogs(unit: Unit): readonly SlipwayError[] {
  const path: FieldPath = ['spec', 'aws', 'flowLogs'];
  const logs = valueAt(unit.document.value, path);
  if (typeof logs !== 'object' || logs === null) return [];
  const destination = valueAt(logs, ['destination']) ?? 'cloudWatch';
  const bucket = valueAt(logs, ['bucketArn']);
  if ((destination === 's3') === (bucket !== undefined)) return [];
  return [misfit(unit, path, `${showField(path)}: bucketArn goes together with destination: s3`)];
}

function checkSshUsers(unit: Unit): readonly SlipwayError[] {
  const path: FieldPath = [...VPN, 'sshUsers'];
  const users = valueAt(unit.document.value, path);
  if (typeof users !== 'object' || users === null) return [];
  return Object.entries(users as Readonly<Record<string, unknown>>)
    .filter(([, user]) => typeof user === 'object' && user !== null && !hasKeys(user))
    .map(([name]) => misfit(unit, [...path, name], `user ${name} has no keys: give keys, github, gitlab or url`));
}

function hasKeys(user: object): boolean {
  const { keys, github, gitlab, url } = user as Readonly<Record<string, unknown>>;
  return [github, gitlab, url].some((source) => source !== undefined) || (Array.isArray(keys) && keys.length > 0);
}

function misfit(unit: Unit, path: FieldPath, message: string): SlipwayError {
  const code: Code = 'SLW-NET-001';
  return error(code, message, { context: unit, path });
}
