/** `slipway toolchain list`: each component, its pinned version, where it would be taken from. */
import { binaryNames, catalogue } from '../../../toolchain/catalogue.ts';
import { locateBinaries } from '../../../toolchain/locate.ts';
import type { CommandRun, Session } from '../../context.ts';
import type { GlobalFlags } from '../../flags.ts';

export interface ToolchainFlags extends GlobalFlags {
  readonly toolchain?: string;
}

interface Row {
  readonly name: string;
  readonly version: string;
  readonly purpose: string;
  readonly source: string;
  readonly path?: string;
  readonly estimatedSeconds?: number;
}

const run: CommandRun<ToolchainFlags> = async (session, flags) => {
  const located = await locateBinaries(session.host, binaryNames, { toolchainDir: flags.toolchain, signal: session.signal });
  const rows = binaryNames.flatMap((name): readonly Row[] => {
    const { purpose } = catalogue[name];
    const found = located.found.find((binary) => binary.name === name);
    if (found) return [{ name, purpose, version: found.version, source: found.source, path: found.path }];
    const missing = located.missing.find((binary) => binary.name === name);
    return missing ? [{ name, purpose, version: missing.version, source: 'to be built', estimatedSeconds: missing.estimatedSeconds }] : [];
  });
  session.say(...located.findings.map((finding) => `note: ${finding}`));
  session.result('toolchain', { go: located.goVersion ?? null, binaries: rows }, table(rows, session));
  return 0;
};

function table(rows: readonly Row[], { paint }: Session): readonly string[] {
  const wide = (key: 'name' | 'version' | 'source'): number => Math.max(...rows.map((row) => row[key].length));
  const [name, version, source] = [wide('name'), wide('version'), wide('source')];
  return rows.map((row) => {
    const place = row.path ?? `about ${row.estimatedSeconds} s with Go`;
    return `${row.name.padEnd(name)}  ${row.version.padEnd(version)}  ${paint(row.path === undefined ? 'warn' : 'good', row.source.padEnd(source))}  ${paint('quiet', place)}`;
  });
}

export default run;
