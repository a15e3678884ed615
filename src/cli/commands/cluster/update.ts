/** `slipway cluster update`: see document-verbs.ts. */
import type { CommandRun } from '../../context.ts';
import { updateDocuments, type DocumentFlags } from '../../document-verbs.ts';

const run: CommandRun<DocumentFlags> = (session, flags) => updateDocuments(session, 'Cluster', flags);

export default run;
