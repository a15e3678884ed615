import { describe, expect, it } from 'vitest';
import { readConflicts } from './conflicts.ts';
import { answerError, maskValues, parseStatus, transportError } from './failures.ts';
import { TransportFailure } from './transport.ts';

const about = { verb: 'apply', target: 'Deployment/web/api', server: 'https://k' };

function status(code: number, body: Readonly<Record<string, unknown>>): { status: number; text: string } {
  return { status: code, text: JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, ...body }) };
}

describe('answerError', () => {
  it.each([
    [401, { message: 'Unauthorized' }, 'SLW-KUB-004'],
    [
      403,
      { message: 'configmaps is forbidden: User "u" cannot create resource "configmaps" in API group "" in the namespace "n"' },
      'SLW-KUB-005',
    ],
    [403, { message: 'forbidden: User "u" cannot get path "/metrics"' }, 'SLW-KUB-005'],
    [403, { message: 'pods "p" is forbidden: violates PodSecurity "restricted:latest"' }, 'SLW-KUB-011'],
    [403, { message: 'pods "p" is forbidden: exceeded quota: q' }, 'SLW-KUB-011'],
    [403, { message: 'unable to create new content', details: { causes: [{ reason: 'NamespaceTerminating' }] } }, 'SLW-KUB-019'],
    [400, { message: 'admission webhook "w.example" denied the request: no' }, 'SLW-KUB-011'],
    [422, { message: 'ValidatingAdmissionPolicy "p" with binding "b" denied request: no', reason: 'Invalid' }, 'SLW-KUB-011'],
    [500, { message: 'Internal error occurred: failed calling webhook "w.example": connection refused' }, 'SLW-KUB-016'],
    [404, { message: 'namespaces "x" not found' }, 'SLW-KUB-006'],
    [404, { message: 'the server could not find the requested resource' }, 'SLW-KUB-012'],
    [409, { message: 'object has been modified', reason: 'Conflict' }, 'SLW-KUB-008'],
    [409, { message: 'x already exists', reason: 'AlreadyExists' }, 'SLW-KUB-008'],
    [410, { message: 'too old resource version', reason: 'Expired' }, 'SLW-KUB-008'],
    [
      422,
      { message: 'is invalid', details: { causes: [{ field: 'spec.selector', message: 'Invalid value: {}: field is immutable' }] } },
      'SLW-KUB-010',
    ],
    [
      422,
      {
        message: 'is invalid',
        details: {
          causes: [{ field: 'spec', message: "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden" }],
        },
      },
      'SLW-KUB-010',
    ],
    [422, { message: 'is invalid', details: { causes: [{ field: 'spec.replicas', message: 'must be positive' }] } }, 'SLW-KUB-009'],
    [400, { message: 'strict decoding error: unknown field "spec.foo"' }, 'SLW-KUB-015'],
    [500, { message: 'failed to create typed patch object (n/x; v1, Kind=X): .a: expected string' }, 'SLW-KUB-009'],
    [429, { message: 'too many requests' }, 'SLW-KUB-014'],
    [503, { message: 'the server is currently unable to handle the request' }, 'SLW-KUB-013'],
    [405, { message: 'the server does not allow this method' }, 'SLW-KUB-018'],
  ])('reads %i %j as %s', (code, body, expected) => {
    expect(answerError(status(code, body), about).code).toBe(expected);
  });

  it('lists who owns which field', () => {
    const causes = [
      { reason: 'FieldManagerConflict', field: '.spec.replicas', message: 'conflict with "hpa" using apps/v1' },
      {
        reason: 'FieldManagerConflict',
        field: '.status.x',
        message: 'conflict with "kubelet" with subresource "status" using v1 at 2024-01-01T00:00:00Z',
      },
    ];
    const error = answerError(status(409, { message: 'Apply failed with 2 conflicts', reason: 'Conflict', details: { causes } }), about);
    expect(error.message).toBe('cannot apply Deployment/web/api: spec.replicas is owned by hpa, status.x is owned by kubelet');
    expect(readConflicts(causes)).toEqual([
      { field: 'spec.replicas', manager: 'hpa', apiVersion: 'apps/v1' },
      { field: 'status.x', manager: 'kubelet', apiVersion: 'v1', subresource: 'status' },
    ]);
  });

  it('takes plain text of the layers below the API', () => {
    expect(answerError({ status: 503, text: 'apiserver not ready\n' }, about).message).toBe(
      'cannot apply Deployment/web/api: apiserver not ready',
    );
    expect(answerError({ status: 404, text: '404 page not found\n' }, about).code).toBe('SLW-KUB-012');
    expect(answerError({ status: 302, text: '<html>log in</html>' }, about).code).toBe('SLW-KUB-017');
  });

  it('masks what is quoted about a Secret', () => {
    const message = 'Secret "s" is invalid: data[x]: Invalid value: "hunter2-value": wrong; type: Unsupported value: "my-secret-type"';
    const error = answerError(
      status(422, { message, details: { causes: [{ field: 'data[x]', message: 'Invalid value: "hunter2-value": wrong' }] } }),
      { ...about, target: 'Secret/n/s' },
    );
    expect(error.message).toBe('cannot apply Secret/n/s: data[x]: Invalid value: •••: wrong');
    expect(maskValues('got &value.valueUnstructured{Value:"abc"}, Value:map[string]interface{}{"a":"b"}')).not.toMatch(/abc|"b"/);
  });

  it('keeps the wish of the server', () => {
    expect(parseStatus(status(429, { message: 'x', details: { retryAfterSeconds: 3 } }).text)?.retryAfterMs).toBe(3000);
    expect(answerError(status(429, { message: 'x', details: { retryAfterSeconds: 3 } }), about).retryAfterMs).toBe(3000);
  });
});

describe('transportError', () => {
  it('names server and cause', () => {
    const error = transportError(new TransportFailure('refused', 'connect ECONNREFUSED 127.0.0.1:1'), about);
    expect([error.code, error.message]).toEqual([
      'SLW-KUB-001',
      'cannot apply Deployment/web/api at https://k: connect ECONNREFUSED 127.0.0.1:1',
    ]);
  });
});
