/** `slipway cluster destroy`: see document-verbs.ts. */
import type { CommandRun } from '../../context.ts';
import { destroyDocuments, type DocumentFlags } from '../../document-verbs.ts';

const run: CommandRun<DocumentFlags> = (session, flags) => destroyDocuments(session, 'Cluster', flags);

export default run;
