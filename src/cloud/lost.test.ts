import { describe, expect, it } from 'vitest';
import type { Attributes, SoughtResource } from '../tofu/lost.ts';
import { candidates } from './lost.ts';
import { OWNER_TAG } from './marks.ts';

const sought = (type: string, planned: Attributes, address = `${type}.one`): SoughtResource => ({
  address,
  type,
  hasFailed: true,
  planned,
});
const mine = { [OWNER_TAG]: 'me' };
const nothing = { tagged: [], known: new Set<string>(), lost: [] };

describe('what may be a thing that was lost', () => {
  it.each<readonly [type: string, planned: Attributes, id: string]>([
    ['aws_route', { route_table_id: 'rtb-1', destination_cidr_block: '0.0.0.0/0' }, 'rtb-1_0.0.0.0/0'],
    ['aws_route_table_association', { subnet_id: 'subnet-1', route_table_id: 'rtb-1' }, 'subnet-1/rtb-1'],
    ['aws_iam_role_policy_attachment', { role: 'node', policy_arn: 'arn:aws:iam::aws:policy/A' }, 'node/arn:aws:iam::aws:policy/A'],
    ['aws_iam_role_policy', { role: 'node', name: 'write' }, 'node:write'],
  ])('is a part of what is known: %s', (type, planned, id) => {
    expect(candidates(sought(type, planned), nothing)).toEqual([{ address: `${type}.one`, id }]);
  });

  it('is nothing while its place is not known', () => {
    expect(candidates(sought('aws_route', { destination_cidr_block: '0.0.0.0/0' }), nothing)).toEqual([]);
  });

  it('bears the name, and counts only with our mark', () => {
    const [found] = candidates(sought('aws_eks_node_group', { cluster_name: 'prod', node_group_name: 'infra-1', tags_all: mine }), nothing);
    expect(found?.id).toBe('prod:infra-1');
    expect(found?.fits?.({ tags_all: mine, status: 'ACTIVE' })).toBe('yes');
    expect(found?.fits?.({ tags_all: mine, status: 'CREATING' })).toBe('later');
    expect(found?.fits?.({ tags_all: mine, status: 'CREATE_FAILED' })).toBe('broken');
    expect(found?.fits?.({ tags_all: { [OWNER_TAG]: 'another' } })).toBe('no');
    expect(found?.fits?.({ tags_all: null })).toBe('no');
  });

  it('bears all its tags, and is not in the state', () => {
    const subnet = (id: string, tags: Readonly<Record<string, string>>) => ({ arn: `arn:aws:ec2:eu-west-1:1:subnet/${id}`, tags });
    const lost = [sought('aws_subnet', { tags_all: { ...mine, Name: 'a' } })];
    const tagged = [
      subnet('subnet-1', { ...mine, Name: 'b' }),
      subnet('subnet-2', { ...mine, Name: 'a', more: 'x' }),
      subnet('subnet-3', { ...mine, Name: 'a' }),
    ];
    expect(lost.flatMap((one) => candidates(one, { tagged, known: new Set(['subnet-3']), lost }))).toEqual([
      { address: 'aws_subnet.one', id: 'subnet-2' },
    ]);
  });

  it('is told apart by its values where tags are the same', () => {
    const rule = (port: number) => sought('aws_vpc_security_group_ingress_rule', { tags_all: mine, from_port: port }, `rule.p${port}`);
    const lost = [rule(22), rule(80)];
    const tagged = [{ arn: 'arn:aws:ec2:eu-west-1:1:security-group-rule/sgr-1', tags: mine }];
    const found = lost.flatMap((one) => candidates(one, { tagged, known: new Set(), lost }));
    expect(found.filter(({ fits }) => fits?.({ from_port: 80 }) === 'yes').map(({ address }) => address)).toEqual(['rule.p80']);
  });
});
