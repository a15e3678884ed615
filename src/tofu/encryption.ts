/**
 * Encryption of states and plan files, which OpenTofu has and Terraform has not (https://opentofu.org/docs/language/state/encryption/).
 * A state that is a local file is encrypted; a plan file always is, since it lies on this disk. The configuration stands in the
 * work folder in a `.tofu.json` file, which Terraform does not read.
 */
import { join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
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
export async function encryptionFile(
  host: Host,
  { dir, binary }: Workspace,
  { backend, hasOwnKey }: TofuModule,
): Promise<{ readonly name: string; readonly text: string } | undefined> {
  if (binary.flavour !== 'opentofu') return undefined;
  const form = await stateForm(host, dir);
  if (hasOwnKey !== true) await ensureKey(host, keyFile(dir), form);
  // A state that moves from one form to the other is read in the old one once more; otherwise the other form is refused.
  const comes = await movesFrom(host, dir, backend.type);
  const state =
    backend.type === 'local' ? localState(form === 'plain' || comes !== undefined) : remoteState(comes === 'local' && form === 'encrypted');
  const usesPlain = JSON.stringify(state).includes(PLAIN);
  const config = {
    ...(hasOwnKey === true && {
      variable: { [KEY_VARIABLE]: { type: 'string', sensitive: true, description: 'Key of the state: at least 16 characters' } },
    }),
    terraform: {
      encryption: {
        key_provider: { pbkdf2: { slipway: keySource(hasOwnKey === true) } },
        method: { aes_gcm: { slipway: { keys: '${key_provider.pbkdf2.slipway}' } }, ...(usesPlain && { unencrypted: { slipway: {} } }) },
        state,
        plan: { method: ENCRYPTED, enforced: true },
      },
    },
  };
  return { name: ENCRYPTION_FILE, text: `${JSON.stringify(config, null, 2)}\n` };
}

const ENCRYPTED = 'method.aes_gcm.slipway';
const PLAIN = 'method.unencrypted.slipway';

const localState = (wasPlain: boolean): object => ({
  method: ENCRYPTED,
  ...(wasPlain ? { fallback: { method: PLAIN } } : { enforced: true }),
});
const remoteState = (wasEncrypted: boolean): object => ({ method: PLAIN, ...(wasEncrypted && { fallback: { method: ENCRYPTED } }) });

/** A generated key has 256 random bits, so the least number of iterations that OpenTofu allows is plenty; each command pays for them. */
function keySource(hasOwnKey: boolean): object {
  return hasOwnKey ? { passphrase: `\${var.${KEY_VARIABLE}}` } : { passphrase: `\${file("${KEY_FILE}")}`, iterations: 200_000 };
}

/** A new key for a state that another one has encrypted would only hide the loss. @throws SLW-TOF-017 */
async function ensureKey(host: Host, path: string, form: StateForm): Promise<void> {
  if ((await host.files.stat(path)) !== undefined) return;
  if (form === 'encrypted') throw new SlipwayError('SLW-TOF-017', `the state is encrypted and its key ${path} is gone`, { data: { path } });
  const key = Buffer.from(host.random.bytes(32)).toString('base64url');
  await host.files.writeAtomic(path, key, { mode: 0o600 });
}

/** Type of the backend that the folder is still initialised for, when it is another one than wanted. */
async function movesFrom(host: Host, dir: string, wanted: string): Promise<string | undefined> {
  const text = await host.files.readText(join(dir, '.terraform', 'terraform.tfstate'));
  if (text === undefined) return undefined;
  const { backend } = JSON.parse(text) as { readonly backend?: { readonly type?: string } };
  return backend?.type === wanted ? undefined : backend?.type;
}

type StateForm = 'none' | 'plain' | 'encrypted' | 'broken';

/** How the local state is written: only its head is looked at, which is not secret. */
export async function stateForm(host: Host, dir: string): Promise<StateForm> {
  const text = await host.files.readText(stateFile(dir));
  if (text === undefined) return 'none';
  try {
    const head = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return 'encrypted_data' in head ? 'encrypted' : 'plain';
  } catch {
    return 'broken';
  }
}
