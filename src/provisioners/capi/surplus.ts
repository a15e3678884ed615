/** What an earlier definition of a cluster had and the present one has not, as far as it can go now. */
import { isTemplate, staleTemplates, TEMPLATE_USERS } from '../../capi/definitions/stale-templates.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../kube/types.ts';
import { refOf } from '../../kube/types.ts';
import { refKey } from './recorded-refs.ts';

/** Templates stay while machines of an earlier definition are still made from them. */
export async function findSurplus(
  client: KubeClient,
  desired: readonly KubeObject[],
  { recorded, signal }: { readonly recorded: readonly ObjectRef[]; readonly signal: AbortSignal },
): Promise<readonly ObjectRef[]> {
  const wanted = new Set(desired.map((object) => refKey(refOf(object))));
  const candidates = recorded.filter((ref) => !wanted.has(refKey(ref)) && ref.kind !== 'Namespace');
  const objects = (await Promise.all(candidates.map((ref) => client.get(ref, signal)))).filter((object) => object !== undefined);
  const templates = objects.filter(isTemplate);
  if (templates.length === 0) return objects.map(refOf);
  const users = await usersOfTemplates(client, templates, signal);
  const stale = new Set(staleTemplates(desired, [...templates, ...users]).map(refKey));
  return objects.map(refOf).filter((ref) => !isTemplate(ref) || stale.has(refKey(ref)));
}

async function usersOfTemplates(client: KubeClient, templates: readonly KubeObject[], signal: AbortSignal): Promise<readonly KubeObject[]> {
  const namespaces = new Set(templates.map(({ metadata }) => metadata.namespace));
  const lists = await Promise.all(
    TEMPLATE_USERS.map(async (kind) =>
      (await client.serves(kind, signal)) ? (await client.list(kind, { signal })).items.map((item) => ({ ...item, ...kind })) : [],
    ),
  );
  const own = new Set(templates.map((object) => refKey(refOf(object))));
  return lists.flat().filter((object) => namespaces.has(object.metadata.namespace) && !own.has(refKey(refOf(object))));
}
