import type { CodeTable } from './entry.ts';

/** SLW-NET-NNN */
export const networkCodes = {
  'SLW-NET-001': {
    title: 'fields of a network do not fit',
    explain:
      'What the Network document says cannot be made: subnets and zones that do not match in number, a subnet outside of the network, zones of another region, a VPN or NAT gateway without public subnets. The rules are those of AWS; the message says which one is hurt.',
    fix: 'change one of the two fields that the message names',
    exit: 65,
    retry: 'no',
  },
  'SLW-NET-002': {
    title: 'credentials of another account',
    explain:
      'The AWS credentials belong to another account than the project file names in accountId, or than the one in which the thing was made. Acting there would build a second one, or destroy what is not ours. Nothing was changed.',
    fix: 'use credentials of the right account: set AWS_PROFILE, or profile in the project file',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-NET-003': {
    title: 'too few availability zones',
    explain: 'The region offers fewer zones to this account than the network has subnets of one sort.',
    fix: 'list fewer subnets, or name the zones in availabilityZones',
    exit: 65,
    retry: 'no',
  },
} as const satisfies CodeTable;
