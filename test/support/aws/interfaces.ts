/** Network interfaces that services of AWS make in subnets: they hold subnet and groups, and go with their owner. */
import { addressIn } from './cidr.ts';
import type { World } from './kind.ts';
import { type Attributes, type Resource, text } from './store.ts';

/** An interface that a service of AWS made in a subnet, in use. */
export const networkInterface = (world: World, subnetId: string, description: string, more: Attributes = {}): Resource =>
  world.make(
    'aws_network_interface',
    {
      subnet_id: subnetId,
      description,
      status: 'in-use',
      interface_type: 'interface',
      private_ip: addressIn(text(world.store.get('aws_subnet', subnetId)?.attributes['cidr_block']), 4 + world.store.number(4000)),
      vpc_id: world.store.get('aws_subnet', subnetId)?.attributes['vpc_id'],
      requester_managed: true,
      security_groups: [],
      tags_all: {},
      ...more,
    },
    {},
  );

/** Interfaces that another resource owns, by the mark it left. */
export function releaseInterfaces(world: World, owner: string): void {
  for (const one of world.store.list('aws_network_interface'))
    if (one.attributes['owned_by'] === owner) world.unmake('aws_network_interface', one.id);
}
