/** `slipway toolchain build [COMPONENT…]`: what is missing, into the cache, with live progress. */
import type { StepReport } from '../../../engine/step.ts';
import { type BinaryName, requireBinaryName } from '../../../toolchain/catalogue.ts';
import { provideBinaries } from '../../../toolchain/provide.ts';
import type { CommandRun, Session } from '../../context.ts';
import { stamp } from '../../session.ts';
import type { ToolchainFlags } from './list.ts';

const STEP = 'toolchain/build-binaries/cache';
/** What a local cluster with Flux runs. */
const DEFAULT: readonly BinaryName[] = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'source-controller', 'kustomize-controller', 'helm-controller'];

const run: CommandRun<ToolchainFlags, readonly string[]> = async (session, flags, args) => {
  const names = args.length === 0 ? DEFAULT : args.map(requireBinaryName);
  const started = session.host.clock.monotonic();
  session.emit(stamp(session, { type: 'step.started', step: STEP, title: `provide ${names.join(', ')}`, subject: 'toolchain', phase: 'apply' }));
  const found = await provideBinaries(session.host, names, { toolchainDir: flags.toolchain, signal: session.signal, report: (report) => forward(session, report) });
  session.emit(stamp(session, { type: 'step.applied', step: STEP, outputs: {}, ms: Math.round(session.host.clock.monotonic() - started) }));
  session.result('toolchain', { binaries: found }, found.map(({ name, version, path }) => `${name}  ${version}  ${path}`));
  return 0;
};

function forward(session: Session, report: StepReport): void {
  if (report.type === 'waiting') session.emit(stamp(session, { ...report, type: 'step.waiting', step: STEP, forMs: 0 }));
  else if (report.type === 'progress') session.emit(stamp(session, { ...report, type: 'step.progress', step: STEP }));
  else if (report.type === 'finding') session.emit(stamp(session, { ...report, type: 'step.finding', step: STEP }));
  else session.emit(stamp(session, { ...report, type: 'step.log', step: STEP }));
}

export default run;
