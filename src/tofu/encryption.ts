/**
 * Encryption of states and plan files, which OpenTofu has and Terraform has not (https://opentofu.org/docs/language/state/encryption/).
 * A state that is a local file is encrypted; a plan file always is, since it lies on this disk. The configuration stands in the
 * work folder in a `.tofu.json` file, which Terraform does not read.
 */
import { join } from 'node:path';
import type { Host } from '../host/host.ts';
import type { TofuModule, Workspace } from './workspace.ts';

const ENCRYPTION_FILE = 'slipway_encryption.tofu.json';
const KEY_FILE = 'slipway.key';

/** The generated key of a work folder. */
export const keyFile = (dir: string): string => join(dir, KEY_FILE);
/** Variable that carries a key of the user's: by the environment, never by a file. */
export const KEY_VARIABLE = 'slipway_state_key';

/** The state as it lies in the work folder with a local backend. */
export const stateFile = (dir: string): string => join(dir, 'terraform.tfstate');

/** The file that configures it; undefined where the program has no encryption. Makes the key when there is none. */
export async function encryptionFile(host: Host, { dir, binary }: Workspace, { backend, hasOwnKey }: TofuModule): Promise<{ readonly name: string; readonly text: string } | undefined> {
  if (binary.flavour !== 'opentofu') return undefined;
  if (hasOwnKey !== true) await ensureKey(host, keyFile(dir));
  const isLocal = backend.type === 'local';
  const form = await stateForm(host, dir);
  const encrypted = 'method.aes_gcm.slipway';
  const plain = 'method.unencrypted.slipway';
  // A state that moves from one form to the other is read in the old one once more; otherwise the other form is refused.
  const state = isLocal
    ? { method: `\${${encrypted}}`, ...(form === 'plain' ? { fallback: { method: `\${${plain}}` } } : { enforced: true }) }
    : { method: `\${${plain}}`, ...(form === 'encrypted' && { fallback: { method: `\${${encrypted}}` } }) };
  const passphrase = hasOwnKey === true ? `\${var.${KEY_VARIABLE}}` : `\${file("${KEY_FILE}")}`;
  const config = {
    ...(hasOwnKey === true && { variable: { [KEY_VARIABLE]: { type: 'string', sensitive: true, description: 'Key of the state: at least 16 characters' } } }),
    terraform: {
      encryption: {
        key_provider: { pbkdf2: { slipway: { passphrase } } },
        method: { aes_gcm: { slipway: { keys: '${key_provider.pbkdf2.slipway}' } }, unencrypted: { slipway: {} } },
        state,
        plan: { method: `\${${encrypted}}`, enforced: true },
      },
    },
  };
  return { name: ENCRYPTION_FILE, text: `${JSON.stringify(config, null, 2)}\n` };
}

async function ensureKey(host: Host, path: string): Promise<void> {
  if ((await host.files.stat(path)) !== undefined) return;
  const key = Buffer.from(host.random.bytes(32)).toString('base64url');
  await host.files.writeAtomic(path, key, { mode: 0o600 });
}

/** How the local state is written: only its head is looked at, which is not secret. */
export async function stateForm(host: Host, dir: string): Promise<'none' | 'plain' | 'encrypted' | 'broken'> {
  const text = await host.files.readText(stateFile(dir));
  if (text === undefined) return 'none';
  try {
    const head = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return 'encrypted_data' in head ? 'encrypted' : 'plain';
  } catch {
    return 'broken';
  }
}
