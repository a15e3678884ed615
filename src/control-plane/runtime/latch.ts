/** One waiter, many openers: an opening that comes while nobody waits is not lost. */
export interface Latch {
  open(): void;
  /** Resolves when opened since the last wait. @throws the signal's reason */
  wait(signal: AbortSignal): Promise<void>;
}

export function createLatch(): Latch {
  let isOpen = false;
  let release: (() => void) | undefined;
  return {
    open: () => {
      isOpen = true;
      release?.();
    },
    wait: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = (): void => reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        release = () => {
          isOpen = false;
          release = undefined;
          signal.removeEventListener('abort', abort);
          resolve();
        };
        if (isOpen) release();
      }),
  };
}
