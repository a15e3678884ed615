import type { CodeTable } from './entry.ts';

/** SLW-VPN-NNN */
export const vpnCodes = {
  'SLW-VPN-001': {
    title: 'a VPN without identity',
    explain:
      'The store of this VPN holds no certificate authority yet. `slipway up` makes it, once, before the first host starts; client files can be made from then on.',
    fix: 'run slipway up first',
    exit: 1,
    retry: 'no',
  },
  'SLW-VPN-002': {
    title: 'an unreadable VPN identity',
    explain:
      'The object that holds the certificate authority and the register of clients is not what Slipway wrote there. It is never overwritten: every client file and every host hangs on it. The bucket keeps older versions of it.',
    fix: 'restore the last good version of the named object',
    exit: 1,
    retry: 'no',
  },
  'SLW-VPN-003': {
    title: 'a client name in use',
    explain:
      'A client of this name has a valid certificate. Its private key was written only into the file made then and is nowhere else, so the file cannot be made again; --renew issues another certificate for the same name and revokes the one before.',
    fix: 'take another name, or give --renew',
    exit: 64,
    retry: 'no',
  },
  'SLW-VPN-004': {
    title: 'an unknown VPN client',
    explain: 'No certificate was ever issued for this name.',
    fix: 'see slipway vpn client list',
    exit: 64,
    retry: 'no',
  },
  'SLW-VPN-005': {
    title: 'a name that no VPN client can have',
    explain:
      'The name stands in the certificate and is the name of a file on the hosts: at most 63 letters, digits, dots, underscores, hyphens and @, beginning with a letter or digit. The name of the server is taken.',
    fix: 'choose another name',
    exit: 64,
    retry: 'no',
  },
  'SLW-VPN-006': {
    title: 'a VPN identity that others keep changing',
    explain: 'Every change is written only over the version it was made from. Several times in a row someone else was faster.',
    fix: 'run the same command again',
    exit: 75,
    retry: 'backoff',
  },
  'SLW-VPN-007': {
    title: 'a certificate authority at its end',
    explain:
      'The authority of this VPN has expired or ends so soon that nothing useful can be issued. A new one makes all client files invalid, so it is never made unasked.',
    fix: 'move the identity away from the store, run slipway up, and hand out new client files',
    exit: 1,
    retry: 'no',
  },
  'SLW-VPN-008': {
    title: 'a file that is there already',
    explain: 'A client file holds the only copy of its private key, so no file is overwritten by another.',
    fix: 'name another file with --out, or move the old one away',
    exit: 64,
    retry: 'no',
  },
  'SLW-VPN-009': {
    title: 'a VPN setting that makes no sense',
    explain:
      'The addresses of VPN clients must be an IPv4 range from /16 to /29, and what clients reach through the VPN must be IPv4 ranges.',
    fix: 'correct the setting in the project file',
    exit: 65,
    retry: 'no',
  },
  'SLW-VPN-010': {
    title: 'a file for VPN hosts that is not there',
    explain:
      'A package that hosts are to install is read on this machine and put into the store under its digest, so that a boot needs no mirror.',
    fix: 'correct the path, or leave the packages out: then hosts ask the mirror of their image',
    exit: 65,
    retry: 'no',
  },
} as const satisfies CodeTable;
