import { describe, expect, it } from 'vitest';
import { codeOf, lockHolderOf, tofuFailure } from './failures.ts';
import { parseMessage } from './messages.ts';
import { progressReporter } from './progress.ts';

const hook = (type: string, more: object = {}): string =>
  JSON.stringify({
    '@level': 'info',
    type,
    hook: { resource: { addr: 'aws_vpc.this', resource_type: 'aws_vpc' }, action: 'create', ...more },
  });

describe('messages', () => {
  it('are read with what they say of a resource', () => {
    expect(parseMessage(hook('apply_complete', { id_key: 'id', id_value: 'vpc-1', elapsed_seconds: 2 }))).toEqual({
      type: 'apply',
      phase: 'complete',
      address: 'aws_vpc.this',
      resourceType: 'aws_vpc',
      action: 'create',
      id: 'vpc-1',
      elapsedSeconds: 2,
    });
    expect(parseMessage('{"type":"change_summary","changes":{"add":2,"change":0,"remove":1,"operation":"apply"}}')).toEqual({
      type: 'summary',
      operation: 'apply',
      add: 2,
      change: 0,
      remove: 1,
    });
  });

  it('of unknown types, of no JSON and cut off in the middle are text, and nothing throws', () => {
    expect(parseMessage('')).toBeUndefined();
    expect(parseMessage('{"type":"novelty","@level":"info","@message":"new"}')).toEqual({ type: 'text', level: 'info', text: 'new' });
    expect(parseMessage('panic: runtime error')).toMatchObject({ level: 'raw' });
    expect(parseMessage('{"type":"apply_sta')).toMatchObject({ level: 'raw' });
    expect(parseMessage('{"type":"constructor"}')).toMatchObject({ type: 'text' });
  });

  it('become progress, counted once for each resource', () => {
    const said: unknown[] = [];
    const take = progressReporter((report) => said.push(report), 2);
    for (const line of [
      hook('apply_start'),
      hook('apply_progress', { elapsed_seconds: 20 }),
      hook('apply_complete', { id_value: 'vpc-1' }),
    ]) {
      const message = parseMessage(line);
      if (message) take(message);
    }
    expect(said).toEqual([
      { type: 'progress', message: 'creating aws_vpc.this', done: 0, total: 2 },
      { type: 'progress', message: 'still creating aws_vpc.this, 20s', done: 0, total: 2 },
      { type: 'progress', message: 'created aws_vpc.this (vpc-1)', done: 1, total: 2 },
    ]);
  });
});

const of = { object: 'Network/main', command: 'apply' };
const diagnostic = (summary: string, detail = '', more: object = {}) => ({ severity: 'error', summary, detail, ...more }) as const;

describe('failures', () => {
  it.each([
    ['creating EC2 VPC: operation error EC2: CreateVpc, StatusCode: 400, api error VpcLimitExceeded: The maximum', 'SLW-TOF-011'],
    ['operation error EC2: CreateVpc, api error UnauthorizedOperation: You are not authorized to perform this operation', 'SLW-TOF-010'],
    ['api error RequestLimitExceeded: Request limit exceeded.', 'SLW-TOF-008'],
    ['api error ExpiredToken: The security token included in the request is expired', 'SLW-TOF-009'],
    ['No valid credential sources found', 'SLW-TOF-009'],
    ['creating IAM Role (x): EntityAlreadyExists: Role with name x already exists.', 'SLW-TOF-012'],
    ['Saved plan is stale', 'SLW-TOF-007'],
    ['api error AccessDeniedException: not authorized to perform: kms:Decrypt', 'SLW-TOF-010'],
    ['decryption failed for all provided methods: cipher: message authentication failed', 'SLW-TOF-017'],
    ['Plugin did not respond', 'SLW-TOF-013'],
    ['Instance cannot be destroyed', 'SLW-TOF-021'],
    ['dial tcp 10.0.0.1:443: connect: connection refused', 'SLW-TOF-008'],
    ['something that nobody has met', 'SLW-TOF-005'],
  ])('%s is %s', (text, code) => {
    expect(codeOf({ summary: text, detail: '' })).toBe(code);
  });

  it('at a place of the module and of no resource are of its inputs', () => {
    expect(codeOf(diagnostic('Strange', '', { file: 'main.tf', line: 3 }))).toBe('SLW-TOF-004');
    expect(codeOf(diagnostic('Strange', '', { file: 'main.tf', address: 'aws_vpc.this' }))).toBe('SLW-TOF-005');
  });

  it('that all pass by waiting are one error, which is tried again; among others the lasting one comes first', () => {
    const busy = diagnostic('Throttling: Rate exceeded', '', { address: 'aws_subnet.a' });
    expect(tofuFailure({ code: 1, diagnostics: [busy, busy], raw: [] }, of)).toMatchObject({ code: 'SLW-TOF-008', retry: 'backoff' });
    const mixed = tofuFailure({ code: 1, diagnostics: [busy, diagnostic('AccessDenied: no')], raw: [] }, of);
    expect(mixed).toMatchObject({ errors: [{ code: 'SLW-TOF-010' }, { code: 'SLW-TOF-008' }] });
  });

  it('without a diagnostic tell the last lines, a signal by its name', () => {
    expect(tofuFailure({ code: 2, diagnostics: [], raw: ['panic: boom', 'goroutine 1'] }, of)).toMatchObject({ code: 'SLW-TOF-013' });
    expect(tofuFailure({ code: 137, diagnostics: [], raw: [], signal: 'SIGKILL' }, of)).toMatchObject({
      code: 'SLW-TOF-022',
      retry: 'backoff',
    });
  });

  it('of a lock tell whose it is and since when', () => {
    const detail =
      'Error message: HTTP remote state already locked: ID=c0ffee\nLock Info:\n  ID:        c0ffee\n  Path:      \n  Operation: OperationTypeApply\n  Who:       ada@elsewhere\n  Version:   1.12.6\n  Created:   2026-01-02 03:04:05.678901234 +0000 UTC\n  Info:      \n';
    const lock = diagnostic('Error acquiring the state lock', detail);
    expect(lockHolderOf([lock])).toEqual({
      id: 'c0ffee',
      who: 'ada@elsewhere',
      operation: 'OperationTypeApply',
      createdMs: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    });
    expect(lockHolderOf([diagnostic('x', detail.replace('.678901234', ''))])).toMatchObject({ createdMs: Date.UTC(2026, 0, 2, 3, 4, 5) });
    expect(tofuFailure({ code: 1, diagnostics: [lock], raw: [] }, of).message).toContain('ada@elsewhere since 2026-01-02T03:04:05.678Z');
  });
});
