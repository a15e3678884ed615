/** Bootstrap and management cluster as the two ends of a pivot. */
import type { ControllersOptions } from '../../capi/providers/controllers.ts';
import { holdControllers, startControllers, stopControllers } from '../../capi/providers/controllers.ts';
import { connectWebhooks } from '../../capi/providers/webhooks.ts';
import type { PivotEnd, PivotEvent } from '../../capi/pivot/options.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { type Attendant, attendanceOf } from './attendance.ts';
import { type Place, placementOf } from './way.ts';

/** Its controllers are those of Deployments, and those of infrastructure `local`, which this process itself is. */
export function pivotEnd(
  place: Place,
  client: KubeClient,
  { attendant, context }: { readonly attendant: Attendant; readonly context: ProvisionerContext },
): PivotEnd {
  const { host, timeoutMs } = attendant;
  const attendance = attendanceOf(place, context);
  const options = (signal: AbortSignal): ControllersOptions => ({
    ...{ host, signal, timeoutMs },
    onWaiting: (object, reason) => attendant.report({ type: 'waiting', object, reason: 'Pending', message: reason, boundMs: timeoutMs }),
  });
  const connect = (signal: AbortSignal): Promise<void> =>
    connectWebhooks(client, { host, signal, timeoutMs, providers: place.providers, owner: place.owner, placement: placementOf(place) });
  return {
    name: place.name,
    client,
    controllers: {
      stop: async (signal) => {
        await attendance.restInfrastructure(client);
        await stopControllers(client, options(signal));
      },
      // Pods on real nodes start too slowly for it to pay.
      ...(placementOf(place).kind === 'local' && {
        hold: async (signal: AbortSignal) => {
          await holdControllers(client, options(signal));
          await connect(signal);
        },
      }),
      start: async (signal) => {
        await startControllers(client, options(signal));
        await connect(signal);
        await attendance.wakeInfrastructure(client);
      },
    },
  };
}

/** Nothing is known of how its webhooks are served: only its Deployments are scaled. */
export function remoteEnd(name: string, client: KubeClient, { host, timeoutMs, report }: Attendant): PivotEnd {
  const onWaiting = (object: string, reason: string): void =>
    report({ type: 'waiting', object, reason: 'Pending', message: reason, boundMs: timeoutMs });
  return {
    name,
    client,
    controllers: {
      stop: async (signal) => void (await stopControllers(client, { host, signal, timeoutMs, onWaiting })),
      start: async (signal) => void (await startControllers(client, { host, signal, timeoutMs, onWaiting })),
    },
  };
}

/** What a pivot says, as a step says it. */
export function reportPivot({ report, timeoutMs }: Attendant): (event: PivotEvent) => void {
  return (event) => {
    if (event.type === 'progress') report({ type: 'progress', message: event.phase, done: event.done, total: event.total });
    else if (event.type === 'waiting')
      report({ type: 'waiting', object: event.object, reason: event.phase, message: event.reason, boundMs: timeoutMs });
    else if (event.type === 'note') report({ type: 'finding', level: 'info', message: event.note.message });
    else if (event.state === 'started') report({ type: 'progress', message: event.phase });
  };
}
