import type { CodeTable } from './entry.ts';

/** SLW-EKS-NNN */
export const eksCodes = {
  'SLW-EKS-001': {
    title: 'fields of an EKS cluster do not fit',
    explain:
      'What the Cluster document says cannot be made: versions of pools too far from that of the cluster, sizes that contradict each other, firewall rules without a peer, a public API that nobody may reach. The rules are those of EKS; the message says which one is hurt.',
    fix: 'change one of the two fields that the message names',
    exit: 65,
    retry: 'no',
  },
  'SLW-EKS-002': {
    title: 'the name of the private API is not known here',
    explain:
      'The address of the cluster’s API cannot be resolved from this machine. Names of private EKS endpoints are public, so this is most often a resolver without a way to the internet, or a VPN that replaced the resolver and cannot be asked.',
    fix: 'check the name servers of this machine (and those that the VPN sets), then run the same command again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-EKS-003': {
    title: 'no way to the private API: the VPN is not connected',
    explain:
      'The API of the cluster has a private address, and this machine has no route to it but the one to the internet. Slipway changes a private cluster only from inside its network: through the VPN of a Network, any other VPN or peering, or an SSH tunnel through a bastion.',
    fix: 'connect the VPN (slipway vpn client add NAME gives a profile), or set access.bastion in the Cluster, then run the same command again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-EKS-004': {
    title: 'the way to the private API leads nowhere',
    explain:
      'A VPN interface carries the route to the private address of the API, but nothing answers there: packets are dropped on the way. Most often the security group of the cluster does not let this range in (dmzCidrs), or the VPN does not forward to the subnets of the cluster.',
    fix: 'put the range of the network (and of the VPN’s clients, when it does not translate addresses) into eks.dmzCidrs; check the routes of the VPN',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-EKS-005': {
    title: 'something else answers at the address of the API',
    explain:
      'The address of the cluster’s API answers, but not with a certificate of the cluster’s own authority: another cluster or service has the same private address in the network this machine is connected to, or something intercepts TLS.',
    fix: 'disconnect other VPNs that use the same range of addresses, then run the same command again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-EKS-006': {
    title: 'the tunnel through the bastion does not open',
    explain:
      'The ssh program could not open the tunnel: the bastion is unreachable, its host key is unknown, no key was accepted, or it does not allow forwarding. The last lines of ssh are in the message. The program never asks for passwords in a run.',
    fix: 'try ssh with the same user and host by hand; add the host key to known_hosts and the key to the agent or to access.identity',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-EKS-007': {
    title: 'a version that cannot be reached from here',
    explain:
      'EKS upgrades a control plane by one minor version at a time and never goes back; node pools may be at most three minor versions older than it, and never newer. The project asks for a step that EKS would refuse.',
    fix: 'set the next minor version first, run slipway up, and go on from there',
    exit: 65,
    retry: 'no',
  },
  'SLW-EKS-008': {
    title: 'the cluster is not the one that was made',
    explain:
      'A cluster of that name answers, but its namespace kube-system has another uid than the one recorded: the cluster was destroyed and made again by somebody else. Nothing was changed.',
    fix: 'restore the old cluster; or run slipway down --forget and then slipway up',
    exit: 65,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
