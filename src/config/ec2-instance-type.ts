/** What the name of an EC2 instance type tells. */

/** A g among the letters behind the generation is a Graviton: https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html */
const ARM = /^(?:a1|[a-z]+[0-9]+[a-z]*g[a-z]*)\./;

/** As Go and Debian name it. */
export function architectureOf(instanceType: string): 'amd64' | 'arm64' {
  return ARM.test(instanceType) ? 'arm64' : 'amd64';
}
