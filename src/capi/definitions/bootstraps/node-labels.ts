/** Labels of nodes: some may only be set by Cluster API, from the Machine; the others only by the kubelet itself. */

/** https://cluster-api.sigs.k8s.io/reference/api/metadata-propagation: what is copied from Machines to Nodes. */
const FROM_MACHINE = /^(?:node-role\.kubernetes\.io|(?:.+\.)?node-restriction\.kubernetes\.io|(?:.+\.)?node\.cluster\.x-k8s\.io)(?:\/|$)/;

/** As the kubelet takes them: `key=value`. */
export function kubeletLabels(labels: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(labels).flatMap(([key, value]) => (FROM_MACHINE.test(key) ? [] : [`${key}=${value}`]));
}

/** Those that are put on the Machine, and by Cluster API on its Node. */
export function machineLabels(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => FROM_MACHINE.test(key)));
}
