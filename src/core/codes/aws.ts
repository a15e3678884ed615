import type { CodeTable } from './entry.ts';

/** SLW-AWS-NNN */
export const awsCodes = {
  'SLW-AWS-001': {
    title: 'no AWS credentials',
    explain:
      'Slipway asks AWS with the credentials that the AWS tools use: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the profile (AWS_PROFILE, else "default") in ~/.aws, single sign-on, a web identity, or the role of the machine. None of them gave any. Nothing was asked and nothing was changed.',
    fix: 'log in (`aws sso login --profile NAME`, then AWS_PROFILE=NAME), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-AWS-002': {
    title: 'expired AWS credentials',
    explain:
      'The credentials were good once, and their time is over. Temporary ones (single sign-on, assumed roles) last for minutes to hours. What was done so far is in the journal.',
    fix: 'log in again (`aws sso login`, or fetch new temporary keys) and run the same command again; it continues',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-AWS-003': {
    title: 'AWS credentials refused',
    explain:
      'AWS does not know the access key, or the signature made with the secret key is wrong: a deleted or mistyped key, a session token that is missing or belongs to another key, or a key of another partition (China, GovCloud).',
    fix: 'check which credentials are used (the message says where they came from) and replace them',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-AWS-004': {
    title: 'clock differs from that of AWS',
    explain:
      'AWS refuses requests that are signed with a time more than some minutes away from its own. The clock of this machine is wrong.',
    fix: 'set the clock of this machine (NTP) and run the same command again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-AWS-005': {
    title: 'action not permitted in the AWS account',
    explain:
      'The identity may not do one action. The message names the action as IAM spells it. A service control policy of the organization, a permissions boundary or the policy of the bucket or key can forbid what the own policies allow.',
    fix: 'have the action allowed for this identity, or use another identity',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-AWS-006': {
    title: 'AWS asks to slow down',
    explain: 'The account made more calls than the service takes at once. Slipway waited and tried again several times, each time longer.',
    fix: 'run the same command again later; it continues',
    exit: 75,
    retry: 'backoff',
  },
  'SLW-AWS-007': {
    title: 'fault inside AWS',
    explain: 'The service answered with an internal error (HTTP 5xx), also when asked again several times.',
    fix: 'see https://health.aws.amazon.com/ and run the same command again later; it continues',
    exit: 75,
    retry: 'backoff',
  },
  'SLW-AWS-008': {
    title: 'AWS cannot be reached',
    explain:
      'No answer came from the endpoint of the service: no network, a proxy that refuses, a name that does not resolve, or a certificate that is not trusted (AWS_CA_BUNDLE names an additional authority).',
    fix: 'check the network, HTTPS_PROXY and the region, and run the same command again; it continues',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-AWS-009': {
    title: 'quota of the AWS account reached',
    explain: 'The account may not have more of this. Quotas hold for one account and region, and most of them can be raised.',
    fix: 'raise the quota (console: Service Quotas), or remove what is not needed, then run the same command again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-AWS-010': {
    title: 'unknown or disabled AWS region',
    explain: 'There is no such region, or the account has not enabled it. Regions that were opened after March 2019 are disabled at first.',
    fix: 'correct the region, or enable it in the account settings',
    exit: 65,
    retry: 'no',
  },
  'SLW-AWS-011': {
    title: 'request refused by AWS',
    explain: "The service answered with an error that Slipway has no better name for; the message holds AWS's own code and words.",
    fix: 'look up the code in the documentation of the service',
    exit: 1,
    retry: 'no',
  },
  'SLW-AWS-012': {
    title: 'state bucket belongs to another account',
    explain:
      'The bucket exists and is not in the account of these credentials. Bucket names are unique in all of AWS. Slipway never writes state into a bucket of someone else: whoever owns it would see and own the infrastructure.',
    fix: 'use credentials of the account that owns the bucket, or name another bucket',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-AWS-013': {
    title: 'state bucket is in another region',
    explain: 'The bucket exists in this account, but in another region than the project names. A bucket cannot be moved.',
    fix: 'set the region of the state backend to that of the bucket, or name another bucket',
    exit: 65,
    retry: 'no',
  },
  'SLW-AWS-015': {
    title: 'AWS is still at work on the same thing',
    explain:
      'Another operation on the same resource is under way inside AWS: a bucket that was just deleted is being made again, for example. Slipway waited and tried again several times.',
    fix: 'run the same command again in a few minutes; it continues',
    exit: 75,
    retry: 'backoff',
  },
  'SLW-AWS-017': {
    title: 'leftovers that do not go away',
    explain:
      'Load balancers, volumes or interfaces that controllers of the cluster had made were told to go and are still there when the bound of the wait was reached. Everything else was left as it is, so that the same command can continue.',
    fix: 'see the named resource in the console, then run the same command again',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-AWS-018': {
    title: 'state bucket is less guarded than it should be',
    explain:
      'The bucket was not made by Slipway, so its settings are left alone. State holds secrets and is the memory of what exists: without versions a lost or damaged state cannot be brought back, without encryption and with public access it can be read.',
    fix: 'turn on what the message names in the settings of the bucket, or let Slipway make a bucket of its own',
    exit: 1,
    retry: 'no',
  },
  'SLW-AWS-019': {
    title: 'state bucket is still needed',
    explain:
      'A state in the bucket still describes resources, or someone wrote into the bucket while it was being removed. Without its state nobody knows what has to be destroyed, so the bucket stays.',
    fix: 'destroy what the named state describes, then run the same command again',
    exit: 1,
    retry: 'no',
  },
  'SLW-AWS-020': {
    title: 'instance type that the region does not have',
    explain:
      'EC2 offers no instances of that type in the region: it is misspelt, or new and not there yet. AWS itself would say so only after everything around the instances has been made, so Slipway asks before.',
    fix: 'correct the type; `aws ec2 describe-instance-type-offerings` or the console lists those of a region',
    exit: 65,
    retry: 'no',
  },
} as const satisfies CodeTable;
