/** The state that a consumer of watch events holds, and waiting for it without sleeping. */
import type { KubeObject, WatchEvent } from '../../src/kube/types.ts';

/** Follows the contract of WatchEvent: `synced` replaces everything, the others change one object. */
export class WatchedState {
  readonly objects = new Map<string, KubeObject>();
  readonly types: string[] = [];
  #waiters: (() => void)[] = [];

  take(event: WatchEvent): void {
    this.types.push(event.type);
    if (event.type === 'synced') {
      this.objects.clear();
      for (const item of event.items) this.objects.set(keyOf(item), item);
    } else if (event.type === 'deleted') this.objects.delete(keyOf(event.object));
    else if (event.type !== 'disconnected') this.objects.set(keyOf(event.object), event.object);
    for (const wake of this.#waiters.splice(0)) wake();
  }

  /** Resolves when the condition holds after an event; the test's own timeout is the bound. */
  async until(condition: (state: this) => boolean): Promise<void> {
    while (!condition(this)) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  follow(events: AsyncIterable<WatchEvent>): Promise<void> {
    return (async () => {
      for await (const event of events) this.take(event);
    })();
  }
}

export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
