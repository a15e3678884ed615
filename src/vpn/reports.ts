/** What hosts' agents say of themselves: the only objects that hosts write. */
import type { VpnStore } from './identity-store.ts';
import { REPORTS_PREFIX } from './layout.ts';

/** What a host's agent wrote last; its Go form is in toolchain/vpn-agent/report.go. */
export interface HostReport {
  readonly version: 1;
  readonly host: string;
  readonly instance: string;
  /** RFC 3339, by the host's clock. */
  readonly time: string;
  readonly agent: string;
  /** Of the generation in use; 0: none. */
  readonly revision: number;
  readonly openvpn: 'running' | 'stopped';
  readonly connected: readonly string[];
  /** One sentence each; empty when all is well. */
  readonly problems: readonly string[];
}

/** Reports that are none are left out. */
export async function readReports({ store, signal }: Omit<VpnStore, 'host'>): Promise<readonly HostReport[]> {
  const keys = (await store.list(REPORTS_PREFIX, signal)).filter((key) => key.endsWith('.json'));
  const objects = await Promise.all(keys.map((key) => store.get(key, signal)));
  return objects
    .flatMap((object) => (object ? [parseReport(new TextDecoder().decode(object.body))] : []))
    .flatMap((report) => report ?? []);
}

/** A host is trusted with its own report only, and that may be anything. */
function parseReport(text: string): HostReport | undefined {
  try {
    const value = JSON.parse(text) as Partial<HostReport>;
    const whole = value.version === 1 && typeof value.host === 'string' && typeof value.time === 'string' && Array.isArray(value.problems);
    return whole && Array.isArray(value.connected) && Number.isSafeInteger(value.revision) ? (value as HostReport) : undefined;
  } catch {
    return undefined;
  }
}

/** The highest generation that any host says it has: hosts take none below it. */
export async function highestTaken(access: Omit<VpnStore, 'host'>): Promise<number> {
  return Math.max(0, ...(await readReports(access)).map(({ revision }) => revision));
}
