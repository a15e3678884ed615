import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { createTofuBed, findReport, type RunEnd, type TofuBed } from '../support/tofu-bed.ts';

const MODULE = `
variable "names" { type = list(string) }
variable "generation" {
  type    = number
  default = 1
}
variable "password" {
  type      = string
  sensitive = true
  default   = "none"
}
resource "terraform_data" "thing" {
  for_each         = toset(var.names)
  input            = "value of \${each.key}"
  triggers_replace = var.generation
}
resource "terraform_data" "secret" {
  input = var.password
}
output "ids" { value = { for name, thing in terraform_data.thing : name => thing.id } }
output "secret" {
  value     = terraform_data.secret.output
  sensitive = true
}
`;

let bed: TofuBed;
afterEach(() => bed.close());

interface Planned {
  readonly kind: string;
  readonly summary: string;
  readonly details?: readonly { object: string; kind: string; reason?: string }[];
  readonly destroys?: readonly string[];
}

function changeOf(end: RunEnd): Planned {
  const changes = findReport(end, 'plan')?.['changes'] as readonly Planned[] | undefined;
  if (!changes?.[0]) throw new Error(`no plan: ${JSON.stringify(end.reports)}`);
  return changes[0];
}

it('is planned, applied, found unchanged, changed, replaced, repaired and destroyed', async () => {
  bed = await createTofuBed(MODULE, { names: ['a', 'b'] });
  const planned = await bed.run('plan');
  expect(changeOf(planned)).toMatchObject({ kind: 'create', summary: 'create 3 resources' });
  expect(changeOf(planned).details?.map(({ object }) => object)).toContain('terraform_data/thing["a"]');
  expect(planned.reports).toContainEqual(expect.objectContaining({ type: 'finding', code: 'SLW-TOF-019', level: 'warning' }));

  const up = await bed.run('up');
  expect(up.code).toBe(0);
  expect(findReport(up, 'outputs')?.['outputs']).toEqual({ ids: { a: expect.stringMatching(/^[0-9a-f-]{36}$/), b: expect.any(String) } });
  expect(up.reports).toContainEqual(
    expect.objectContaining({ message: expect.stringMatching(/^created terraform_data\.thing\["a"\] \(/), total: 3 }),
  );
  const ids = bed.stateIds();

  const again = await bed.run('up');
  expect(changeOf(again)).toMatchObject({ kind: 'none' });
  expect(findReport(again, 'run.finished')).toMatchObject({ changed: 0, status: 'done' });
  expect(bed.stateIds()).toEqual(ids);
  expect(again.reports.some(({ message }) => String(message).startsWith('installs'))).toBe(false);

  bed.settings = { ...bed.settings, variables: { names: ['a', 'b', 'c'], generation: 1 } };
  expect(changeOf(await bed.run('up'))).toMatchObject({ kind: 'create', summary: 'create 1 resource' });

  bed.settings = { ...bed.settings, variables: { names: ['a', 'b', 'c'], generation: 2 } };
  const replaced = changeOf(await bed.run('plan'));
  expect(replaced).toMatchObject({ kind: 'replace', summary: 'replace 3 resources', destroys: ['Network/main'] });
  expect(replaced.details?.[0]).toMatchObject({ kind: 'replace', reason: 'triggers_replace cannot be changed in place' });
  bed.settings = { ...bed.settings, precious: ['another_type'] };
  expect(changeOf(await bed.run('plan'))).toMatchObject({ kind: 'update' });
  bed.settings = { ...bed.settings, variables: { names: ['a', 'b', 'c'], generation: 1 } };

  const down = await bed.run('down');
  expect(changeOf(down)).toMatchObject({ kind: 'delete', summary: 'destroy 4 resources', destroys: ['Network/main'] });
  expect(down.code).toBe(0);
  expect(existsSync(bed.settings.dir)).toBe(false);
  expect((await bed.run('down')).code).toBe(0);
});

it('keeps secrets out of files, reports and outputs, and the state encrypted and usable by hand', async () => {
  bed = await createTofuBed(MODULE, { names: ['a'] });
  const password = 'canary-6f1d2b7c9e';
  bed.settings = { ...bed.settings, secrets: { password } };
  const planned = await bed.run('plan');
  const up = await bed.run('up');
  expect(up.code).toBe(0);
  for (const { reports } of [planned, up]) expect(JSON.stringify(reports)).not.toContain(password);
  expect(bed.logs()).not.toContain(password);
  const state = readFileSync(join(bed.settings.dir, 'terraform.tfstate'), 'utf8');
  expect(JSON.parse(state)).toHaveProperty('encrypted_data');
  expect(state).not.toContain('value of a');
  expect(readFileSync(join(bed.settings.dir, 'slipway.auto.tfvars.json'), 'utf8')).not.toContain(password);
  for (const file of ['terraform.tfstate', 'slipway.key', 'slipway.auto.tfvars.json', '.slipway/apply.log']) {
    expect(statSync(join(bed.settings.dir, file)).mode & 0o077, file).toBe(0);
  }
  expect(existsSync(join(bed.settings.dir, '.slipway/saved.tfplan'))).toBe(false);
  expect(bed.tofuByHand('plan', '-no-color', `-var=password=${password}`)).toContain('No changes');
});

it('says which rule of the module its inputs break', async () => {
  bed = await createTofuBed(
    `variable "cidr" {\n  type = string\n  validation {\n    condition     = can(cidrhost(var.cidr, 0))\n    error_message = "cidr must be an IPv4 block."\n  }\n}\n`,
    { cidr: 'nonsense' },
  );
  const end = await bed.run('plan');
  expect(end.code).toBe(65);
  expect(findReport(end, 'thrown')).toMatchObject({ code: 'SLW-TOF-004', message: expect.stringContaining('cidr must be an IPv4 block') });
  writeFileSync(join(bed.settings.source, 'main.tf'), 'resource "x" {');
  expect(findReport(await bed.run('plan'), 'thrown')?.['code']).toMatch(/^SLW-TOF-00[45]$/);
});
