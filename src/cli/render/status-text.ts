/** The status of a project as text: causes first, then the tree. */
import { formatDuration } from '../../core/duration.ts';
import type { StatusNode } from '../../core/status-node.ts';
import type { ProjectStatus } from '../../project/operations.ts';
import type { Paint, Role } from './paint.ts';
import { sanitize } from './text-width.ts';

const SIGNS: Readonly<Record<StatusNode['state'], readonly [sign: string, role: Role]>> = {
  ready: ['✔', 'good'],
  progressing: ['◐', 'busy'],
  failed: ['✖', 'bad'],
  stopped: ['■', 'warn'],
  suspended: ['‖', 'warn'],
  unknown: ['?', 'warn'],
};

export function statusLines(status: ProjectStatus, paint: Paint): readonly string[] {
  const [, role] = SIGNS[status.state];
  return [
    `${paint('strong', sanitize(status.project))}: ${paint(role, status.state)}`,
    ...causeLines(status, paint),
    '',
    ...nodeLines(status.tree, paint, { own: '', below: '' }),
  ];
}

function causeLines(status: ProjectStatus, paint: Paint): readonly string[] {
  if (status.causes.length === 0) return [];
  const lines = status.causes.flatMap(({ object, reason, message, file }) => [
    `  ${paint('bad', sanitize(object))}: ${sanitize(reason)}: ${sanitize(message)}`,
    ...(file === undefined ? [] : [`    in ${sanitize(file)}`]),
  ]);
  return [status.causes.length === 1 ? 'Cause:' : 'Causes, the deepest first:', ...lines];
}

/** What stands before a node's own line, and before the lines of its children. */
interface Indent {
  readonly own: string;
  readonly below: string;
}

function nodeLines(node: StatusNode, paint: Paint, { own, below }: Indent): readonly string[] {
  const children = node.children.flatMap((child, index) => {
    const last = index === node.children.length - 1;
    return nodeLines(child, paint, { own: `${below}${last ? '└─ ' : '├─ '}`, below: `${below}${last ? '   ' : '│  '}` });
  });
  return [`${own}${nodeText(node, paint)}`, ...children];
}

function nodeText(node: StatusNode, paint: Paint): string {
  const [sign, role] = SIGNS[node.state];
  const facts = Object.entries(node.facts ?? {}).map(([key, value]) => `${sanitize(key)} ${sanitize(value)}`);
  const since = node.sinceMs === undefined ? '' : ` for ${formatDuration(node.sinceMs)}`;
  const state = node.state === 'ready' ? '' : ` ${paint(role, `${node.state}${since}`)}`;
  const why = [node.reason, node.message].filter((part) => part !== undefined && part !== '').map((part) => sanitize(part ?? ''));
  const cause = why.length === 0 || node.state === 'ready' ? '' : `: ${why.join(': ')}`;
  return `${paint(role, sign)} ${sanitize(node.kind)}/${sanitize(node.name)}${state}${cause}${facts.length === 0 ? '' : paint('quiet', `  ${facts.join(', ')}`)}`;
}
