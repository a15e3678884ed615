/** A plan of a module before there is a place for its state: made in a folder of its own that is gone afterwards. */
import type { Json } from '../core/digest.ts';
import type { StepContext } from '../engine/step.ts';
import { countTypes } from '../tofu/plan.ts';
import { inSession, makePlan } from '../tofu/session.ts';

export interface PreviewOptions {
  readonly subject: string;
  /** Work folder of the module; the preview's stands beside it. */
  readonly dir: string;
  readonly source: string;
  readonly toolchainDir: string | undefined;
  readonly variables: Readonly<Record<string, Json | undefined>>;
  readonly env: Readonly<Record<string, string>>;
}

/** How many resources of each type would be made from nothing. */
export async function previewModule(
  { subject, dir, ...options }: PreviewOptions,
  step: StepContext,
): Promise<Readonly<Record<string, number>>> {
  const { host, signal, timeoutMs, report } = step;
  const folder = `${dir}-preview`;
  const { source, toolchainDir, variables, env } = options;
  try {
    const session = {
      ...{ host, signal, timeoutMs, source, toolchainDir },
      object: subject,
      dir: folder,
      inputs: { variables, env, backend: { type: 'local' } },
    };
    // Nobody keeps this state, so there is no key to speak of.
    return await inSession({ ...session, report: (said) => (said.type === 'progress' ? report(said) : undefined) }, async (open) =>
      countTypes((await makePlan(open)).plan.resources),
    );
  } finally {
    await host.files.remove(folder);
  }
}
