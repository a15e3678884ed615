/** The smallest fleet folder that shows something: one namespace and one object in it, for `slipway init --fleet`. Pure. */

/** Path inside the fleet folder to text. */
export function renderStarterFleet(name: string): Readonly<Record<string, string>> {
  const folder = `clusters/${name}`;
  return {
    [`${folder}/kustomization.yaml`]:
      'apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - namespace.yaml\n  - greeting.yaml\n',
    [`${folder}/namespace.yaml`]: 'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: hello\n',
    [`${folder}/greeting.yaml`]: `# Edit this, run \`slipway up\` again, and look: kubectl -n hello get configmap greeting -o yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: greeting\n  namespace: hello\ndata:\n  text: launched by Slipway onto ${name}\n`,
  };
}
