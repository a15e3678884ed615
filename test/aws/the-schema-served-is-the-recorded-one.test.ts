/** What tofu sees is what was recorded from the bindings of the real provider; what AWS' provider refuses is refused before an apply. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { type AwsWorld, openAwsWorld } from '../support/aws-world.ts';

const HEAD = 'terraform {\n  required_providers {\n    aws = { source = "hashicorp/aws" }\n  }\n}\n';

interface Attribute {
  readonly type: unknown;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
}
interface Block {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly block_types?: Readonly<
    Record<string, { readonly nesting_mode: string; readonly block: Block; readonly min_items?: number; readonly max_items?: number }>
  >;
}
interface Schemas {
  readonly resource_schemas: Readonly<Record<string, { readonly block: Block }>>;
  readonly data_source_schemas: Readonly<Record<string, { readonly block: Block }>>;
}

/** Without what bindings cannot tell. */
function shape({ attributes = {}, block_types: blocks = {} }: Block): unknown {
  return {
    attributes: Object.fromEntries(
      Object.entries(attributes).map(([name, { type, required = false, optional = false, computed = false }]) => [
        name,
        { type, required, optional, computed },
      ]),
    ),
    blocks: Object.fromEntries(
      Object.entries(blocks).map(([name, { nesting_mode, block, min_items = 0, max_items = 0 }]) => [
        name,
        { nesting_mode, min_items, max_items, block: shape(block) },
      ]),
    ),
  };
}

const shapes = (schemas: Readonly<Record<string, { readonly block: Block }>>): unknown =>
  Object.fromEntries(Object.entries(schemas).map(([name, { block }]) => [name, shape(block)]));

describe('the test provider', () => {
  let bed: AwsBed;
  let world: AwsWorld;

  beforeAll(async () => {
    bed = await createAwsBed();
    world = await openAwsWorld(bed, HEAD);
  });

  afterAll(async () => {
    world?.close();
    await bed?.close();
  });

  it('serves the recorded schema', async () => {
    const recorded = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'aws-provider', 'schema.json'), 'utf8')) as Schemas;
    const { provider_schemas: schemas } = JSON.parse(await world.must('providers', 'schema', '-json')) as {
      readonly provider_schemas: Readonly<Record<string, Schemas>>;
    };
    const served = Object.values(schemas)[0];
    expect(shapes(served?.resource_schemas ?? {})).toEqual(shapes(recorded.resource_schemas));
    expect(shapes(served?.data_source_schemas ?? {})).toEqual(shapes(recorded.data_source_schemas));
  });

  it.each([
    ['an argument that does not exist', 'resource "aws_vpc" "x" {\n  cidr_block = "10.0.0.0/16"\n  cidrs = []\n}', 'Unsupported argument'],
    ['a range with bits behind the prefix', 'resource "aws_vpc" "x" {\n  cidr_block = "10.0.0.1/16"\n}', 'not a valid CIDR block'],
    ['a network that is too large', 'resource "aws_vpc" "x" {\n  cidr_block = "10.0.0.0/8"\n}', 'between 16 and 28 significant bits'],
    [
      'a value AWS does not know',
      'resource "aws_eks_node_group" "x" {\n  cluster_name = "a"\n  node_role_arn = "arn:x"\n  subnet_ids = ["s"]\n  ami_type = "AL1"\n  scaling_config {\n    desired_size = 1\n    max_size = 1\n    min_size = 1\n  }\n}',
      'expected ami_type to be one of',
    ],
    ['two names', 'resource "aws_iam_role" "x" {\n  name = "a"\n  name_prefix = "b"\n  assume_role_policy = "{}"\n}', 'conflicts with'],
    [
      'a rule for nobody',
      'resource "aws_vpc_security_group_ingress_rule" "x" {\n  security_group_id = "sg-1"\n  ip_protocol = "tcp"\n}',
      'one must be',
    ],
    [
      'a block too many',
      'resource "aws_eks_cluster" "x" {\n  name = "a"\n  role_arn = "arn:x"\n  vpc_config {\n    subnet_ids = []\n  }\n  vpc_config {\n    subnet_ids = []\n  }\n}',
      'Too many vpc_config blocks',
    ],
  ])('refuses %s', async (_, hcl, words) => {
    world.write('main.tf', `${HEAD}${hcl}\n`);
    const { code, output } = await world.run('validate', '-no-color');
    expect(code).toBe(1);
    expect(output.replace(/\s*[│╷╵]\s*/g, ' ').replace(/\s+/g, ' ')).toContain(words);
  });

  it('keeps what is secret out of plans', async () => {
    world.write(
      'main.tf',
      `${HEAD}resource "aws_ssm_parameter" "x" {\n  name = "a"\n  type = "SecureString"\n  value = "canary-of-a-parameter"\n}\n`,
    );
    const { output } = await world.run('plan', '-no-color');
    expect(output).toContain('(sensitive value)');
    expect(output).not.toContain('canary-of-a-parameter');
  });

  it('refuses keys that the account does not know, and a region that is missing', async () => {
    const foreign = { ...bed, env: { ...bed.env, AWS_ACCESS_KEY_ID: 'AKIANOBODY' } };
    const nowhere = { ...bed, env: Object.fromEntries(Object.entries(bed.env).filter(([name]) => name !== 'AWS_REGION')) };
    const hcl = `${HEAD}data "aws_caller_identity" "me" {}\n`;
    for (const [with_, words] of [
      [foreign, 'InvalidClientTokenId'],
      [nowhere, 'invalid AWS Region'],
    ] as const) {
      const other = await openAwsWorld(with_, hcl);
      try {
        const { code, output } = await other.run('plan', '-no-color');
        expect(code).toBe(1);
        expect(output).toContain(words);
      } finally {
        other.close();
      }
    }
  });
});
