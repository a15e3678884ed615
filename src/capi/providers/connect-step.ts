/** The step that connects webhooks once the managers run. */
import { SlipwayError } from '../../core/errors.ts';
import { type Change, type ChangeDetail, defineStep, type Step, type StepContext } from '../../engine/step.ts';
import { runtimeStepId } from '../../control-plane/runtime/runtime-step.ts';
import { type ProviderStepsOptions, providerStepIds } from './options.ts';
import { orderProviders } from './provider.ts';
import { type Connection, connectWebhooks, type ConnectWebhooksOptions, findConnections } from './webhooks.ts';

interface Observed {
  /** Undefined while there is nothing to ask. */
  readonly connections: readonly Connection[] | undefined;
  readonly wasConnected: boolean;
}

/** `verify` connects too: a manager may have been started on another port since. */
export function connectWebhooksStep(options: ProviderStepsOptions): Step {
  const { clusterName, placement } = options;
  const ids = providerStepIds(clusterName);
  const runtimeNeeds = options.runtimeNeeds ?? (placement.kind === 'local' ? [runtimeStepId(clusterName)] : []);
  const connect = async (context: StepContext): Promise<void> => {
    const client = await options.connect(context);
    if (client === undefined) throw new SlipwayError('SLW-BUG-001', `no API server to connect webhooks of ${clusterName} to`);
    await connectWebhooks(client, connectOptions(context, options));
  };
  return defineStep<Observed>({
    id: ids.connect,
    title: `connect the webhooks of Cluster API on ${clusterName}`,
    subject: options.subject,
    needs: [ids.install, ...runtimeNeeds],
    observe: (context) => observe(context, options),
    change: (observed) => connectChange(observed, options),
    apply: async (context) => {
      await connect(context);
      return {};
    },
    verify: connect,
  });
}

const connectOptions = (
  { host, signal, timeoutMs }: StepContext,
  { providers, owner, placement }: ProviderStepsOptions,
): ConnectWebhooksOptions => ({
  host,
  providers,
  owner,
  placement,
  signal,
  timeoutMs,
});

async function observe(context: StepContext, options: ProviderStepsOptions): Promise<Observed> {
  const wasConnected = context.record?.state === 'applied';
  const client = await options.connect(context);
  const connections = client && (await findConnections(client, connectOptions(context, options)));
  return { connections, wasConnected };
}

function connectChange({ connections, wasConnected }: Observed, { providers }: ProviderStepsOptions): Change {
  const managed = orderProviders(providers).filter(({ deployment }) => deployment !== undefined);
  if (connections === undefined || connections.some(({ state }) => state === 'not running')) {
    const summary = 'connect the webhooks once the managers run';
    // After a reboot the managers may come back on other ports: that is no surprise to be asked about.
    return wasConnected ? { kind: 'update', summary } : { kind: 'deferred', summary, announces: { Webhooks: managed.length } };
  }
  const details = connections.filter(({ state }) => state !== 'connected').map(toDetail);
  if (details.length === 0) return { kind: 'none', summary: 'the webhooks are connected' };
  const kind = details.every((detail) => detail.kind === 'create') ? 'create' : 'update';
  return { kind, summary: `connect the webhooks of ${details.map(({ object }) => object.slice('Webhooks/'.length)).join(', ')}`, details };
}

function toDetail({ provider, state, fields }: Connection): ChangeDetail {
  const object = `Webhooks/${provider.name}`;
  return state === 'new' ? { object, kind: 'create' } : { object, kind: 'update', reason: fields.slice(0, 5).join(', ') };
}
