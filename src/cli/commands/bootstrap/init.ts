/** `slipway bootstrap init`: see document-verbs.ts. */
import type { CommandRun } from '../../context.ts';
import { initDocuments, type DocumentFlags } from '../../document-verbs.ts';

const run: CommandRun<DocumentFlags> = (session, flags) => initDocuments(session, 'Network', flags);

export default run;
