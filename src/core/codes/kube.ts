import type { CodeTable } from './entry.ts';

/** SLW-KUB-NNN: 001–019 the server and its answers, 020–029 kubeconfig, 030–039 manifests, 040–049 waiting, 050–059 deleting. */
export const kubeCodes = {
  'SLW-KUB-001': {
    title: 'API server unreachable',
    explain:
      'No connection to the Kubernetes API server could be made, or it broke and did not come back within the retries. Nothing is known about whether the last write arrived; all writes of Slipway can be repeated.',
    fix: 'check that the server runs and that its address in the kubeconfig is reachable from here, then run again',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-KUB-002': {
    title: 'API server did not answer in time',
    explain:
      'A connection stands, but a single request got no answer within its bound. The server is overloaded, its etcd is slow, or a webhook it must ask hangs.',
    fix: 'look at the load of the API server and at its webhooks, then run again',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-KUB-003': {
    title: 'API server certificate not trusted',
    explain:
      'The TLS certificate of the API server is not signed by the certificate authority in the kubeconfig, does not name the address, or is outside its validity. Slipway sends no credentials in this case.',
    fix: 'get a fresh kubeconfig for this cluster; when the address differs from the certificate set tls-server-name',
    exit: 69,
    retry: 'no',
  },
  'SLW-KUB-004': {
    title: 'credentials refused',
    explain:
      'The API server answered 401: the client certificate or token is unknown to it, expired or revoked. Tokens from files and credential plugins were already fetched anew once.',
    fix: 'get a fresh kubeconfig, or log in again with the credential plugin',
    exit: 77,
    retry: 'no',
  },
  'SLW-KUB-005': {
    title: 'not permitted',
    explain: 'The API server knows who asks, but its authorization (usually RBAC) does not grant this verb on this resource.',
    fix: 'grant the verb on the resource to this user with a Role or ClusterRole, or use another context',
    exit: 77,
    retry: 'no',
  },
  'SLW-KUB-006': {
    title: 'object not found',
    explain: 'The object, or the namespace it should live in, does not exist on the API server.',
    fix: 'check name and namespace; create the namespace first',
    exit: 1,
    retry: 'no',
  },
  'SLW-KUB-007': {
    title: 'field owned by another manager',
    explain:
      'Server-side apply refused to take over fields that another field manager set to other values. The message names each field and its owner. Overwriting would make both fight for the field.',
    fix: 'leave the field out of the manifest, or make its owner give it up, or force the apply',
    exit: 1,
    retry: 'no',
  },
  'SLW-KUB-008': {
    title: 'object changed meanwhile',
    explain:
      'The write was bound to a version or identity (resourceVersion, uid) that the object no longer has, or the object exists already.',
    fix: 'run again: the present state is read first',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-KUB-009': {
    title: 'object invalid',
    explain: 'The API server rejected the object by its schema or validation rules; the message lists the fields.',
    fix: 'correct the fields named in the message',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-010': {
    title: 'immutable field changed',
    explain:
      'The object exists and the apply would change a field that Kubernetes never lets change. Only a new object can have the new value.',
    fix: 'restore the field to its present value, or delete the object and apply again',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-011': {
    title: 'admission denied',
    explain: 'The object is well-formed, but an admission webhook, policy, quota or pod security level of the cluster refuses it.',
    fix: 'change the object as the message says, or ask who runs the policy',
    exit: 1,
    retry: 'no',
  },
  'SLW-KUB-012': {
    title: 'kind not served',
    explain:
      'The API server serves no resource of this apiVersion and kind: the CustomResourceDefinition is missing, not yet established, or has another version.',
    fix: 'install the CustomResourceDefinition, or use an apiVersion that the server serves',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-013': {
    title: 'API server failed',
    explain: 'The API server answered with an internal error (5xx). Often its etcd, an aggregated API or a webhook is down.',
    fix: 'look at the log of the API server, then run again',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-KUB-014': {
    title: 'API server overloaded',
    explain: 'The API server kept answering 429 (too many requests) although its Retry-After was honoured.',
    fix: 'run again later, or with a smaller --parallel',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-KUB-015': {
    title: 'unknown field in object',
    explain:
      'The object has a field that its schema does not know, or has it twice. Without strict validation the server would drop the field silently.',
    fix: 'correct the spelling of the field, or use the apiVersion that has it',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-016': {
    title: 'admission webhook unreachable',
    explain:
      'The API server must ask a webhook about this object and cannot reach it, usually because the controller that serves it is not running yet.',
    fix: 'wait until the controller behind the webhook is ready, then run again',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-KUB-017': {
    title: 'answer not understood',
    explain: 'What answered is not a Kubernetes API server: a proxy page, another service on the port, or a cut-off answer.',
    fix: 'check the server address in the kubeconfig',
    exit: 69,
    retry: 'no',
  },
  'SLW-KUB-018': {
    title: 'request refused',
    explain: 'The API server understood the request and refused it for a reason that has no code of its own.',
    fix: 'read the reason in the message',
    exit: 1,
    retry: 'no',
  },
  'SLW-KUB-019': {
    title: 'namespace is being deleted',
    explain: 'Nothing new can be made in a namespace that is terminating.',
    fix: 'wait until the namespace is gone, then run again',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-KUB-020': {
    title: 'kubeconfig unreadable',
    explain: 'The kubeconfig is not YAML or JSON, is empty, or has a field of the wrong type.',
    fix: 'correct the kubeconfig at the position named',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-021': {
    title: 'kubeconfig context missing',
    explain:
      'The context asked for, or the cluster or user it names, is not in the kubeconfig; or no context was asked for and the file has no current-context.',
    fix: 'name one of the contexts listed in the message',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-022': {
    title: 'kubeconfig authentication not supported',
    explain: 'The user entry of the kubeconfig authenticates in a way that Slipway cannot do.',
    fix: 'use a client certificate, a token or an exec credential plugin',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-023': {
    title: 'file of the kubeconfig missing',
    explain:
      'The kubeconfig points to a certificate, key or token file that cannot be read. Relative paths are taken from the folder of the kubeconfig.',
    fix: 'restore the file, or correct its path',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-024': {
    title: 'credential plugin failed',
    explain: 'The exec credential plugin of the kubeconfig could not be run, exited with an error, or gave no ExecCredential.',
    fix: 'run the plugin by hand and log in; see the installHint of the kubeconfig when it is missing',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-KUB-025': {
    title: 'proxy refused',
    explain: 'The proxy between here and the API server did not open a tunnel.',
    fix: 'check proxy-url in the kubeconfig, HTTPS_PROXY and NO_PROXY, and the credentials of the proxy',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-KUB-030': {
    title: 'manifest is not YAML',
    explain: 'A Kubernetes manifest could not be parsed. Positions count from 1.',
    fix: 'correct the YAML at the position named',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-031': {
    title: 'manifest is not a Kubernetes object',
    explain: 'A document of a manifest lacks apiVersion, kind or metadata.name, or has one of a wrong type.',
    fix: 'add the missing field to the document at the position named',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-032': {
    title: 'object given twice',
    explain: 'Two documents describe the same object; which one would win is not defined.',
    fix: 'remove one of the two documents',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-033': {
    title: 'namespace missing in object',
    explain: 'The kind lives in namespaces, but the object names none; Slipway never guesses one.',
    fix: 'set metadata.namespace',
    exit: 65,
    retry: 'no',
  },
  'SLW-KUB-040': {
    title: 'not ready within the bound',
    explain: 'A wait reached its bound. The message names the deepest object that blocks, its reason and how long it has been so.',
    fix: 'repair what the message names, then run again; or allow more time with --timeout',
    exit: 1,
    retry: 'no',
  },
  'SLW-KUB-041': {
    title: 'object failed',
    explain: 'An object that was waited for reached a state from which it does not become ready without a change.',
    fix: 'repair what the message names, then run again',
    exit: 1,
    retry: 'no',
  },
  'SLW-KUB-050': {
    title: 'not gone within the bound',
    explain:
      'Objects were deleted but still exist: a finalizer waits for its controller. The message names the finalizer and who would remove it.',
    fix: 'start or repair the controller named; remove the finalizer by hand only if what it guards is gone',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-KUB-051': {
    title: 'object is another one now',
    explain: 'The object to delete was replaced by another of the same name; it is not the one Slipway created and was left alone.',
    fix: 'delete it by hand if it should go',
    exit: 1,
    retry: 'no',
  },
} as const satisfies CodeTable;
